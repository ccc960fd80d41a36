import duckdb

from orchestration.assets.content import LONELY

WAREHOUSE = """
create schema staging;
create schema candidates;
create schema intermediate;
create schema serving;
create table staging.stg_catalog__items as
select unnest(['paired', 'new', 'past', 'left_alone', 'gone']) as item_id;
create table intermediate.int_cutoffs as
from (values ('evaluate', timestamp '2026-02-01'), ('serve', timestamp '2026-03-01'))
as cutoffs (role, cutoff_at);
create table candidates.cnd_item_neighbours as
from (values
    ('paired', 'gone', timestamp '2026-03-01'),
    ('paired', 'new', timestamp '2026-03-01'),
    ('past', 'paired', timestamp '2026-02-01'),
    ('left_alone', 'gone', timestamp '2026-03-01'),
    ('gone', 'paired', timestamp '2026-03-01')
) as neighbours (item_id, neighbour_item_id, cutoff_at);
create table serving.srv_items as
select unnest(['paired', 'new', 'past', 'left_alone']) as item_id;
"""


def test_content_is_asked_about_items_with_no_neighbour_that_may_be_offered():
    with duckdb.connect() as connection:
        connection.execute(WAREHOUSE)
        lonely = {item_id for (item_id,) in connection.execute(LONELY).fetchall()}
    assert lonely == {"new", "past", "left_alone"}
