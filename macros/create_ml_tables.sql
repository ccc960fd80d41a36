{#
    The tables that Python fills, empty. They exist from the first run on, so that `dbt build` works
    before, after and without learning; `ml/schemas` holds the same columns and a test compares.
#}
{% macro create_ml_tables() -%}
    create schema if not exists ml;
    create table if not exists ml.candidates (
        cutoff_at timestamp,
        user_id varchar,
        item_id varchar,
        candidate_rank bigint,
        candidate_score float
    );
    create table if not exists ml.factors (
        cutoff_at timestamp,
        entity varchar,
        entity_id varchar,
        factors float[]
    );
    create table if not exists ml.factorisations (
        cutoff_at timestamp,
        factors bigint,
        unobserved_weight double,
        regularization double,
        frequency_exponent double,
        start_scale double,
        iterations bigint,
        seed bigint,
        user_count bigint,
        item_count bigint,
        mean_user_size double
    );
    create table if not exists ml.contributions (
        cutoff_at timestamp,
        user_id varchar,
        item_id varchar,
        history_item_id varchar,
        contribution_rank bigint,
        contribution double,
        history_count bigint
    );
    create table if not exists ml.ranked_candidates (
        cutoff_at timestamp,
        user_id varchar,
        item_id varchar,
        ranked_position bigint,
        score double,
        source varchar,
        is_seen boolean,
        evidence_item_id varchar,
        release_id varchar
    );
    create table if not exists ml.user_metrics (
        cutoff_at timestamp,
        setting varchar,
        system varchar,
        user_id varchar,
        history_count bigint,
        relevant_count bigint,
        ndcg_10 double,
        recall_10 double,
        precision_10 double,
        mrr_10 double,
        hit_10 double
    );
    create table if not exists ml.metric_intervals (
        setting varchar,
        system varchar,
        metric varchar,
        value double,
        lower double,
        upper double,
        user_count bigint
    );
    create table if not exists ml.content_neighbours (
        item_id varchar,
        neighbour_item_id varchar,
        neighbour_rank bigint,
        similarity double
    );
    create table if not exists ml.diverse_positions (
        cutoff_at timestamp,
        trade_off double,
        user_id varchar,
        item_id varchar,
        diverse_position bigint
    );
    create table if not exists ml.list_costs (
        choice varchar,
        strength double,
        ndcg_10 double,
        difference double,
        lower double,
        upper double,
        user_count bigint
    );
    create table if not exists ml.ranker_choices (
        role varchar,
        contender varchar,
        ndcg_10 double,
        lead double,
        lower double,
        upper double,
        user_count bigint,
        is_chosen boolean,
        reason varchar
    );
    create table if not exists ml.off_policy_values (
        cutoff_at timestamp,
        outcome varchar,
        policy varchar,
        places varchar,
        estimator varchar,
        impression_count bigint,
        user_count bigint,
        value double,
        lower double,
        upper double,
        standard_error double,
        difference double,
        difference_lower double,
        difference_upper double,
        missing_share double,
        effective_count double,
        maximum_weight double,
        mean_weight double,
        mean_weight_error double,
        unsupported_share double,
        unlogged_share double,
        list_length double,
        refusal varchar
    );
    create table if not exists ml.ranker_metrics (
        name varchar,
        value double
    );
    create table if not exists ml.ranker_importances (
        feature varchar,
        importance double,
        mean_absolute_shap double
    );
    {#- A warehouse of an earlier version has the table without it. #}
    alter table ml.ranker_importances add column if not exists mean_absolute_shap double;
    create table if not exists ml.rankers (
        release_id varchar,
        base_score double,
        features varchar[],
        calibration_method varchar,
        calibration_slope double,
        calibration_intercept double,
        calibration_raw_scores double[],
        calibration_probabilities double[]
    );
    create table if not exists ml.ranker_trees (
        tree bigint,
        node bigint,
        feature varchar,
        threshold double,
        is_missing_left boolean,
        left_node bigint,
        right_node bigint,
        value double,
        row_count bigint
    );
    create table if not exists ml.ranker_encodings (
        feature varchar,
        category varchar,
        code bigint
    );
    create table if not exists ml.audit (
        attribute varchar,
        system varchar,
        user_group varchar,
        metric varchar,
        value double,
        lower double,
        upper double,
        user_count bigint
    );
    create table if not exists ml.ranker_explanations (
        user_id varchar,
        item_id varchar,
        feature varchar,
        value double,
        shap_value double
    );
    create table if not exists ml.release_changes (
        change_number bigint,
        release_id varchar,
        action varchar,
        changed_by varchar,
        reason varchar,
        failed_gates varchar,
        live_release_id varchar,
        canary_release_id varchar,
        shadow_release_id varchar,
        previous_release_id varchar,
        version bigint,
        canary_percent double,
        is_forced boolean,
        changed_at timestamp
    );
    create table if not exists ml.shadow_comparisons (
        shadow_release_id varchar,
        live_release_id varchar,
        metric varchar,
        cutoff bigint,
        value double,
        request_count bigint,
        compared_at timestamp
    );
    create table if not exists ml.refreshed_lists (
        user_id varchar,
        recommended_rank bigint,
        item_id varchar,
        score double,
        source varchar,
        reason varchar,
        evidence_item_id varchar,
        evidence_count bigint,
        fallback varchar,
        release_id varchar,
        generated_at timestamp
    );
    create table if not exists ml.refreshed_activity (
        user_id varchar,
        interaction_count bigint,
        interaction_count_7d bigint,
        interaction_count_28d bigint,
        positive_count bigint,
        positive_count_28d bigint,
        positive_count_84d bigint,
        item_count bigint,
        item_count_28d bigint,
        days_since_last double,
        days_since_first double,
        interactions_per_item double,
        release_id varchar,
        feature_at timestamp
    );
    create table if not exists ml.tuning_trials (
        study varchar,
        part varchar,
        trial_number bigint,
        setting varchar,
        state varchar,
        parameters varchar,
        fold_count bigint,
        value double,
        seconds double,
        is_present boolean,
        finished_at timestamp
    );
    create table if not exists ml.experiment_results (
        experiment_id varchar,
        variant varchar,
        metric varchar,
        slice_name varchar,
        slice varchar,
        refusal varchar,
        user_count bigint,
        control_user_count bigint,
        trial_count bigint,
        mature_share double,
        control_value double,
        value double,
        difference double,
        lower double,
        upper double,
        one_look_lower double,
        one_look_upper double,
        plain_difference double,
        variance_reduction double,
        relative_difference double,
        relative_lower double,
        relative_upper double,
        p_value double,
        adjusted_p_value double
    );
    alter table ml.experiment_results add column if not exists trial_count bigint;
    create table if not exists ml.experiment_looks (
        experiment_id varchar,
        variant varchar,
        metric varchar,
        user_count bigint,
        control_user_count bigint,
        difference double,
        lower double,
        upper double,
        exposed_date date
    );
    create table if not exists ml.experiment_decisions (
        experiment_id varchar,
        variant varchar,
        step_number bigint,
        step varchar,
        status varchar,
        words varchar,
        verdict varchar,
        value double,
        bound double
    );
    create table if not exists ml.experiment_outlook (
        metric varchar,
        run_days bigint,
        user_count bigint,
        baseline double,
        detectable_difference double,
        detectable_share double,
        detectable_at_one_look double,
        users_for_a_tenth double
    );
    create table if not exists ml.return_survival (
        experiment_id varchar,
        variant varchar,
        day_number bigint,
        at_risk_count bigint,
        returned_count bigint,
        away_share double,
        lower double,
        upper double
    );
{%- endmacro %}
