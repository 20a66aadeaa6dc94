"""Markdown in, steps out; what is wrong is told with its line and a remedy."""

from datetime import timedelta

import pytest

from knowledge.records import Document, DocumentKind
from knowledge.runbooks import Prose, Runbook, Step, read_runbook

GOOD = """\
# Cache trouble

Look first.

```toml tandem=parameters
[node]
description = "which node"
from = "label:node"
[zone]
choices = ["eu", "us"]
```

## Do

1. **Look** at it. It may be fine.

   ```toml tandem=http
   url = "https://api.example.com/nodes/{node}"
   timeout = "30s"
   ```

   ```sh
   echo "this is prose"
   ```

## Restart the node

~~~toml   tandem=ansible
playbook = "restart.yml"
limit = "{node}"
vars = { zone = "{zone}" }
~~~

After.
"""


def read(text: str, *tags: str) -> Runbook:
    document = Document("cache", "Cache", text, DocumentKind.RUNBOOK, service="cdn", tags=tags)
    return read_runbook(document, "cache.md")


def test_steps_and_prose_in_their_order() -> None:
    runbook = read(GOOD)
    assert runbook.problems == ()
    kinds = [type(part) for part in runbook.parts]
    assert kinds == [Prose, Step, Prose, Step, Prose]
    one, two = runbook.steps
    assert (one.number, one.title, one.kind, one.line) == (1, "Look at it", "http", 17)
    assert (two.number, two.title, two.kind) == (2, "Restart the node", "ansible")
    assert (one.changes, two.changes) == (False, True)
    assert (one.timeout, two.timeout) == (timedelta(seconds=30), timedelta(minutes=5))
    prose = "\n".join(part.text for part in runbook.parts if isinstance(part, Prose))
    assert 'echo "this is prose"' in prose
    assert "tandem=" not in prose
    assert [parameter.name for parameter in runbook.parameters] == ["node", "zone"]


def test_alerts_and_labels_of_the_front_matter_are_tags() -> None:
    runbook = read("x", "cdn", "alert:Cache*", "label:team=edge", "label: zone = eu ")
    assert runbook.alerts == ("Cache*",)
    assert runbook.labels == (("team", "edge"), ("zone", "eu"))


def fenced(body: str, info: str = "toml tandem=http") -> str:
    return f"Before.\n```{info}\n{body}\n```\n"


URL = 'url = "https://a.example/"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (fenced(URL, "tandem http"), "2: `tandem http`: write `toml tandem=<kind>`"),
        (fenced(URL, "toml tandem=ftp"), "2: tandem=ftp: there is no such kind; there is http,"),
        (fenced("url = = 1"), "3: tandem=http: this is not TOML: "),
        (fenced("expect = [\n1,"), "4: tandem=http: this is not TOML: "),
        (fenced("method = 'GET'"), "2: tandem=http: url: it is missing"),
        (fenced(URL + "colour = 1"), "4: tandem=http: colour: there is no such field"),
        (fenced(URL + "method = 'BREW'"), "4: tandem=http: method: "),
        (fenced(URL + "timeout = '3h'"), "4: tandem=http: timeout: give more than nothing"),
        (fenced(URL + "timeout = 'soon'"), "4: tandem=http: timeout: 'soon' is not a length"),
        (fenced(URL + "two_people = true"), "two_people is for steps that change something"),
        (fenced('url = "https://{host}/"'), "no parameter may stand in the host's name"),
        (fenced('url = "https://u:p@a.example/"'), "no name and password here"),
        (fenced('url = "file:///etc/passwd"'), "give the whole address"),
        (fenced('url = "https://a.example/{x}"'), "2: step 1: {x} is no parameter; add it"),
        (fenced('url = "https://a.example/{X y}"'), "3: tandem=http: url: {X y} is no parameter"),
        ("```toml tandem=http\n" + URL, "1: the block is not closed; end it with ```"),
        (fenced("argv = ['{x}']", "toml tandem=shell"), "the program itself cannot be"),
        (fenced("argv = []", "toml tandem=shell"), "3: tandem=shell: argv: "),
        (fenced("args = ['delete', 'pod']", "toml tandem=kubectl"), "`delete` is not offered"),
        (fenced("playbook = '../x.yml'", "toml tandem=ansible"), "playbook: "),
        (fenced("playbook = '/etc/x.yml'", "toml tandem=ansible"), "playbook: "),
        (fenced("[A]", "toml tandem=parameters"), "3: A: begin with a letter, then a-z"),
        (fenced("[a]\ntype = 'x'", "toml tandem=parameters"), "3: a: type: "),
        (fenced("[a]\nmin = 1", "toml tandem=parameters"), "3: a: min and max go with"),
        (fenced("[a]\npattern = '['", "toml tandem=parameters"), "3: a: pattern: "),
        (fenced("[a]\nfrom = 'sky'", "toml tandem=parameters"), "3: a: from: 'sky' is not known"),
        (fenced("[a]\ndefault = '-x'", "toml tandem=parameters"), "3: a: '-x': it begins with `-`"),
        (fenced("[a]\nchoices = ['x']\npattern = 'x'", "toml tandem=parameters"), "pattern is for"),
        (fenced("[a]", "toml tandem=parameters") * 2, "it is there twice"),
    ],
)
def test_what_is_wrong_says_where_and_what_to_do(text: str, said: str) -> None:
    problems = [str(problem) for problem in read(text).problems]
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith("cache.md:") for problem in problems)


def test_lines_are_those_of_the_file() -> None:
    document = Document("a", "a", fenced("url = "), DocumentKind.RUNBOOK)
    found = read_runbook(document, "a.md", first_line=5)
    assert str(found.problems[0]).startswith("a.md:7: ")


def test_a_runbook_of_prose_has_no_problems() -> None:
    runbook = read("# Title\n\nThe bot tandem is nice.\n\n```\ncode\n")
    assert (runbook.steps, runbook.problems) == ((), ())


def test_too_many_steps() -> None:
    assert "31 steps; 30 at most" in str(read(fenced(URL) * 31).problems[0])
