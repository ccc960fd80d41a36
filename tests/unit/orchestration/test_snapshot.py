import duckdb
import pytest

from orchestration.snapshot import SnapshotError, write_snapshot

WAREHOUSE = """
create schema staging;
create schema intermediate;
create schema training;
create schema serving;
create schema evaluation;
create schema ml;
create schema ranking;
create schema experiments;

create table experiments.exp_experiments as select 1 as experiment_id;
create table experiments.exp_holdout as select 'holdout' as salt;
create table experiments.exp_arms as select 1 as experiment_id, 1 as variant_number;
create table experiments.exp_checks as select 1 as experiment_id;
create table experiments.exp_metrics as select 1 as metric;
create table experiments.exp_results as
select 1 as experiment_id, 1 as variant, 1 as metric, 1 as slice_name, 1 as slice;
create table experiments.exp_looks as
select 1 as experiment_id, 1 as variant, 1 as metric, 1 as exposed_date;
create table experiments.exp_decisions as select 1 as experiment_id, 1 as variant, 1 as step_number;
create table experiments.exp_outlook as select 1 as metric, 1 as run_days;
create table experiments.exp_funnel as select 1 as experiment_id, 1 as variant, 1 as step_number;
create table experiments.ret_activity as select 1 as active_date;
create table experiments.ret_cohorts as select 1 as cohort_week, 1 as week_number;
create table experiments.ret_survival_curves as
select 1 as experiment_id, 1 as variant, 1 as day_number;

create table staging.stg_events__deliveries as select 'u1' as user_id;
create table staging.stg_events__rejected (reject_reason varchar);
create table staging.stg_catalog__items as select 'i1' as item_id, 'Lamp' as title;

create table staging.stg_catalog__users as
select 'u1' as user_id, map(['land', 'age'], ['no', '40']) as attributes;

create table serving.rec_user_top_items as
select * from (values
    ('u2', 1, 'i2', 0.5), ('u1', 2, 'i2', null), ('u1', 1, 'i1', 0.5)
) as lists (user_id, recommended_rank, item_id, score);
create table serving.rec_item_neighbours as
select 'i1' as item_id, 1 as neighbour_rank, 'i2' as neighbour_item_id;
create table serving.rec_popular_items as
select 'all' as segment, 1 as popularity_rank, 'i2' as item_id;
create table serving.rec_trending_items as
select 'all' as segment, 1 as trending_rank, 'i2' as item_id;
create table training.trn_ranking_moments as select 'u1' as user_id, 'serve' as role;
create table serving.srv_user_excluded_items (user_id varchar, item_id varchar);
create table serving.rec_user_segments as select 'u1' as user_id, 'all' as segment;
create table serving.rec_release as
select 'release-1' as release_id, timestamp '2026-01-02' as ranked_at;

create table ranking.rnk_frame as
select * from (values
    ('u1', 'i1', timestamp '2026-01-02', 3),
    ('u1', 'i1', timestamp '2026-01-01', 4),
    ('u1', 'i2', timestamp '2026-01-02', 5),
    ('u1', 'unserved', timestamp '2026-01-02', 6)
) as pairs (user_id, item_id, cutoff_at, als_rank);
comment on column ranking.rnk_frame.als_rank is 'Rank by matrix
factorisation; the user''s.';

create table evaluation.evl_metrics as select 's' as setting, 's' as system, 'all' as slice;
create table evaluation.evl_metric_intervals as
select 's' as setting, 's' as system, 'ndcg_10' as metric;
create table evaluation.evl_list_quality as select 's' as setting, 's' as system;
create table evaluation.evl_list_costs as select 'plain' as choice, 0 as strength;
create table ml.ranker_choices as
select 'serve' as role, 'ranker' as contender, 0.3 as ndcg_10, true as is_chosen, 'best' as reason;
create table ml.ranker_metrics as select 'auc' as name, 0.8 as value;
create table ml.ranker_importances as select 'als_rank' as feature, 0.1 as importance;
create table ml.rankers as
select 'release-1' as release_id, ['als_rank', 'user_attribute__land'] as features;
create table ml.ranker_encodings as select 'user_attribute__land' as feature, 0 as code;
create table ml.ranker_trees as select 0 as tree, 0 as node;
create table ml.ranker_explanations as select 'u1' as user_id, 'i1' as item_id, 'f' as feature;
create table ml.contributions as
select user_id, item_id, 1 as contribution_rank, cutoff_at from ranking.rnk_frame;

create macro main.recommend(user_key) as table
select recommended_rank, item_id from serving.rec_user_top_items where user_id = user_key;
create macro main.similar_items(item_key) as table
select neighbour_item_id from serving.rec_item_neighbours where item_id = item_key;
"""


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(WAREHOUSE)
    return path


@pytest.fixture
def snapshot(tmp_path):
    return tmp_path / "published.duckdb"


def change(warehouse, statement):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def asked(snapshot, query):
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_snapshot_answers_without_the_warehouse(warehouse, snapshot, tmp_path):
    counts = write_snapshot(warehouse, snapshot, tmp_path)
    warehouse.unlink()
    assert counts["serving.rec_user_top_items"] == 3
    assert asked(snapshot, "from recommend('u1')") == [(1, "i1"), (2, "i2")]
    assert asked(snapshot, "from similar_items('i1')") == [("i2",)]
    assert {file.name for file in tmp_path.iterdir()} == {"published.duckdb"}


def test_a_reader_keeps_the_old_snapshot_until_it_opens_the_new_one(warehouse, snapshot, tmp_path):
    write_snapshot(warehouse, snapshot, tmp_path)
    with duckdb.connect(str(snapshot), read_only=True) as reader:
        change(warehouse, "update serving.rec_release set release_id = 'release-2'")
        write_snapshot(warehouse, snapshot, tmp_path)
        query = "select release_id from serving.rec_release"
        assert reader.execute(query).fetchall() == [("release-1",)]
    assert asked(snapshot, query) == [("release-2",)]


@pytest.mark.parametrize("table", ["ranking.rnk_frame", "ml.contributions"])
def test_what_explains_is_published_for_the_pairs_that_the_ranker_served(
    warehouse, snapshot, tmp_path, table
):
    write_snapshot(warehouse, snapshot, tmp_path)
    rows = asked(snapshot, f"select user_id, item_id, day(cutoff_at) from {table}")
    assert rows == [("u1", "i1", 2)]


def test_only_the_attributes_that_the_ranker_reads_are_published(warehouse, snapshot, tmp_path):
    write_snapshot(warehouse, snapshot, tmp_path)
    assert asked(snapshot, "select user_attribute__land from ranking.rnk_frame") == [("no",)]
    query = "select column_name from duckdb_columns() where column_name like '%attribute%'"
    assert ("user_attribute__land",) in asked(snapshot, query)
    assert ("user_attribute__age",) not in asked(snapshot, query)
    assert ("attributes",) not in asked(snapshot, query)


def test_what_the_columns_mean_is_published_too(warehouse, snapshot, tmp_path):
    write_snapshot(warehouse, snapshot, tmp_path)
    query = "select comment from duckdb_columns() where comment is not null"
    assert asked(snapshot, query) == [("Rank by matrix factorisation; the user's.",)]


@pytest.mark.parametrize(
    "mistake",
    [
        "insert into serving.rec_user_top_items values ('u1', 3, 'i1', 0.5)",
        "insert into serving.rec_user_top_items values ('u1', 2, 'i3', 0.5)",
        "insert into serving.rec_user_top_items values ('u1', 4, 'i3', 0.5)",
        "update serving.rec_user_top_items set recommended_rank = recommended_rank - 1",
        "update serving.rec_item_neighbours set neighbour_rank = 2",
        "update serving.rec_popular_items set popularity_rank = 2",
        "update serving.rec_trending_items set trending_rank = 2",
    ],
)
def test_a_broken_list_is_not_published(warehouse, snapshot, tmp_path, mistake):
    write_snapshot(warehouse, snapshot, tmp_path)
    change(warehouse, mistake)
    with pytest.raises(SnapshotError, match="repeat an item or a rank, or have a gap"):
        write_snapshot(warehouse, snapshot, tmp_path)
    assert len(asked(snapshot, "from recommend('u1')")) == 2


def test_empty_lists_do_not_replace_good_ones(warehouse, snapshot, tmp_path):
    write_snapshot(warehouse, snapshot, tmp_path)
    change(warehouse, "delete from serving.rec_user_top_items")
    change(warehouse, "insert into staging.stg_events__rejected values ('missing_user')")
    expected = "rec_user_top_items are empty though the log has events, of which 1 were rejected"
    with pytest.raises(SnapshotError, match=expected):
        write_snapshot(warehouse, snapshot, tmp_path)
    assert len(asked(snapshot, "from recommend('u1')")) == 2


def test_users_who_have_seen_everything_need_no_lists(warehouse, snapshot, tmp_path):
    change(warehouse, "delete from serving.rec_user_top_items")
    change(warehouse, "insert into serving.srv_user_excluded_items values ('u1', 'i2')")
    assert write_snapshot(warehouse, snapshot, tmp_path)["serving.rec_user_top_items"] == 0


def test_an_empty_log_is_published_as_it_is(warehouse, snapshot, tmp_path):
    for table in (
        "staging.stg_events__deliveries",
        "serving.rec_user_top_items",
        "serving.rec_popular_items",
    ):
        change(warehouse, f"delete from {table}")
    write_snapshot(warehouse, snapshot, tmp_path)
    assert asked(snapshot, "from recommend('u1')") == []


def test_an_item_without_neighbours_is_no_reason_to_refuse(warehouse, snapshot, tmp_path):
    change(warehouse, "delete from serving.rec_item_neighbours")
    assert write_snapshot(warehouse, snapshot, tmp_path)["serving.rec_item_neighbours"] == 0


def test_a_log_in_which_nothing_gains_users_is_published_all_the_same(
    warehouse, snapshot, tmp_path
):
    change(warehouse, "delete from serving.rec_trending_items")
    assert write_snapshot(warehouse, snapshot, tmp_path)["serving.rec_trending_items"] == 0


def test_what_a_killed_run_left_is_cleared_away(warehouse, snapshot, tmp_path):
    leftover = tmp_path / "published.duckdb.1.unfinished"
    leftover.write_text("not even a database")
    write_snapshot(warehouse, snapshot, tmp_path)
    assert not leftover.exists()


REFRESHED = """
    copy (
        select * from (values
            ('u1', 1, 'i9', timestamp '2027-01-01'),
            ('u2', 1, 'i9', timestamp '2020-01-01')
        ) as lists (user_id, recommended_rank, item_id, generated_at)
    ) to '{file}' (format parquet)
"""


def test_a_list_that_was_made_again_since_the_run_answers_now(warehouse, snapshot, tmp_path):
    refreshed = tmp_path / "refreshed.parquet"
    duckdb.sql(REFRESHED.format(file=refreshed))
    change(warehouse, "alter table serving.rec_release add column generated_at timestamp")
    change(warehouse, "update serving.rec_release set generated_at = timestamp '2026-03-01'")
    write_snapshot(warehouse, snapshot, tmp_path, refreshed)
    first = "select recommended_rank, item_id from recommend_now('{}')"
    assert asked(snapshot, first.format("u1")) == [(1, "i9")]
    # One of before the run is superseded by it.
    assert asked(snapshot, first.format("u2")) == asked(snapshot, "from recommend('u2')")
    assert asked(snapshot, "from recommend('u1')") == [(1, "i1"), (2, "i2")]


def test_a_home_called_like_a_pattern_has_the_lists_of_no_other(warehouse, snapshot, tmp_path):
    home, other = tmp_path / "shop *", tmp_path / "shop 2"
    for folder, items in ((home, REFRESHED), (other, REFRESHED.replace("i9", "i8"))):
        folder.mkdir()
        duckdb.sql(items.format(file=folder / "refreshed.parquet"))
    change(warehouse, "alter table serving.rec_release add column generated_at timestamp")
    change(warehouse, "update serving.rec_release set generated_at = timestamp '2026-03-01'")
    write_snapshot(warehouse, snapshot, tmp_path, home / "refreshed.parquet")
    assert asked(snapshot, "select item_id from recommend_now('u1')") == [("i9",)]
