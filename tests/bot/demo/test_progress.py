import io

from bot.demo.progress import WIDTH, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_log_each_step_is_one_line() -> None:
    out = io.StringIO()
    progress = Progress(out)
    for what, share in (("starting", 0.1), ("starting", 0.3), ("seeding", 0.5)):
        progress.show(what, share)
    progress.done("ready")
    assert out.getvalue().split("\n")[:3] == [" 10%  starting", " 50%  seeding", "100%  ready"]


def test_in_a_terminal_one_line_is_rewritten() -> None:
    out = Terminal()
    progress = Progress(out)
    progress.show("starting", 0.25)
    progress.show("seeding", 0.5)
    assert "\n" not in out.getvalue()
    first, second = out.getvalue().split("\r\x1b[K")[1:]
    assert first.count("█") == WIDTH // 4
    assert second.count("█") == WIDTH // 2
    assert second.endswith("seeding")
    progress.done("ready")
    assert out.getvalue().endswith("ready\n")


def test_it_never_goes_back_nor_beyond_the_end() -> None:
    out = Terminal()
    progress = Progress(out)
    for share in (0.6, 0.2, 7.0):
        progress.show("working", share)
    shown = [line.split("%")[0][-4:].strip() for line in out.getvalue().split("\r\x1b[K")[1:]]
    assert shown == ["60", "60", "100"]
