from pathlib import Path

from tests.unit.orchestration.mapping.checked import message, one_problem, report

ROLES = "positive, view, negative or ignore (docs/bring-your-own-events.md)"
ADD = f"add to seeds/event_types.csv, with ROLE replaced by {ROLES}:"


def test_a_mapping_without_rows_in_the_seed_gets_them_to_paste(write, shop, project):
    shop["name"] = "shop2"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "name: 'shop2' has no rows in seeds/event_types.csv; is it 'shop'? Else "
        f"{ADD}\n"
        "    shop2,view,ROLE,1,90,,\n"
        "    shop2,purchase,ROLE,1,90,,",
    )


def test_a_column_that_holds_no_event_types_is_refused(write, shop, project):
    shop["events"]["columns"]["event_type"] = "item"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'item' holds none of the event types of 'shop' "
        "(purchase, view) but cup (3), tea (3); map the column of event types, or "
        f"{ADD}\n"
        "    shop,cup,ROLE,1,90,,\n"
        "    shop,tea,ROLE,1,90,,",
    )


def test_something_positive_must_have_happened(write, shop, project):
    (project / "log" / "events.csv").write_text(
        "user,item,type,at,quantity\nann,tea,view,2024-01-01,\n"
    )
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'type' has no row whose type has the role positive; "
        "there are view (1); give one of them that role for 'shop' in seeds/event_types.csv",
    )


def with_unknown_types(project: Path, views: int, unknown: list[str]) -> None:
    """Write a log of a purchase, so many views, and an event of each unknown type."""
    types = ["purchase", *["view"] * views, *unknown]
    rows = "".join(f'ann,tea,"{name}",2024-01-01,\n' for name in types)
    (project / "log" / "events.csv").write_text(f"user,item,type,at,quantity\n{rows}")


def test_few_rows_of_unknown_types_are_a_warning(write, shop, project):
    with_unknown_types(project, 98, ["Wish, list "])
    assert report(write(shop), project).warnings == (
        "events.columns.event_type: 'type' has 1 of 100 rows of unknown types, wish, list (1); "
        f"they are quarantined unless you {ADD}\n"
        '    shop,"wish, list",ROLE,1,90,,',
    )


def test_many_rows_of_unknown_types_are_a_mistake(write, shop, project):
    with_unknown_types(project, 96, ["share", "wish", "share"])
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'type' has 3 of 100 rows of unknown types, share (2), "
        f"wish (1); {ADD}\n"
        "    shop,share,ROLE,1,90,,\n"
        "    shop,wish,ROLE,1,90,,",
    )


def test_a_line_that_was_pasted_without_a_decision_is_refused(write, shop, project):
    with_unknown_types(project, 98, ["share"])
    file = write(shop)
    (warning,) = report(file, project).warnings
    with (project / "seeds" / "event_types.csv").open("a", encoding="utf-8") as seed:
        seed.write(f"{warning.splitlines()[-1].strip()}\n")
    assert message(file, project) == one_problem(
        file,
        "seeds/event_types.csv: 'ROLE' is not a role, but stands as that of 'share'; "
        f"write {ROLES}",
    )


def test_a_known_type_counts_however_rare_it_is(write, shop, project):
    with_unknown_types(project, 6_000, [f"rare {number}" for number in range(60)])
    found = report(write(shop), project)
    assert found.event_types["purchase"] == 1
    assert found.warnings[0].startswith(
        "events.columns.event_type: 'type' has 60 of 6,061 rows of unknown types, rare 0 (1), "
    )
    assert " and more; they are quarantined" in found.warnings[0]
