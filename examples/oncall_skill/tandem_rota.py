"""A skill in a package of its own: whose week is it?"""

from skills.contract import Context, NoArgs, Reply, Skill

ROTA = ("Ada", "Ben", "Farid", "Kira")


def run(ctx: Context, args: NoArgs) -> Reply:
    week = ctx.now.isocalendar().week
    return Reply(f"{ROTA[week % len(ROTA)]} has the pager in week {week}")


skill = Skill(
    name="rota",
    summary="Show whose week on the pager rota it is",
    examples=("whose week is it on the pager rota?",),
    args=NoArgs,
    run=run,
)
