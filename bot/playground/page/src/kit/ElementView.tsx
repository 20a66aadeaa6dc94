import type { ReactElement } from "react";
import { ButtonElement, FeedbackButtons, IconButton } from "./ButtonElement";
import { ChoiceElement } from "./ChoiceElement";
import { FieldElement } from "./FieldElement";
import type { KitElement } from "./objects";
import { OverflowElement } from "./OverflowElement";
import { SelectElement } from "./SelectElement";

export interface ElementProps {
  blockId: string;
  element: KitElement;
  /** Inside an input block the app is told on submit only, unless the block has dispatch_action. */
  quiet?: boolean;
  labelledBy?: string;
  describedBy?: string;
  invalid?: boolean;
}

/** One interactive element, live. */
export function ElementView(props: ElementProps): ReactElement {
  switch (props.element.type) {
    case "button":
    case "workflow_button":
      return <ButtonElement {...props} />;
    case "feedback_buttons":
      return <FeedbackButtons {...props} />;
    case "icon_button":
      return <IconButton {...props} />;
    case "overflow":
      return <OverflowElement {...props} />;
    case "checkboxes":
    case "radio_buttons":
      return <ChoiceElement {...props} />;
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
    case "rich_text_input":
    case "datepicker":
    case "timepicker":
    case "datetimepicker":
      return <FieldElement {...props} />;
    default:
      return /_select$/.test(props.element.type) ? (
        <SelectElement {...props} />
      ) : (
        <span className="muted">This element ({props.element.type}) is not drawn by the playground.</span>
      );
  }
}
