"""Many metrics, arms and slices at once, without being fooled by their number."""

import pandas as pd
from statsmodels.stats.multitest import multipletests


def with_adjusted_p_values(results: pd.DataFrame, families: list[str]) -> pd.DataFrame:
    """Add `adjusted_p_value`: the false discovery rate at which a row would count as found.

    Parameters
    ----------
    results : DataFrame
        With `p_value`, nan where nothing could be tested; those rows stay out of the count.
    families : list of str
        Columns that together say which rows are looked at together.

    References
    ----------
    Benjamini, Hochberg (1995), JRSS B 57(1); holds for the metrics of one set of users, which
    depend on each other positively (Benjamini, Yekutieli 2001). The p-values are valid at any
    look, so the adjusted ones are too.
    """
    tested = results.loc[results["p_value"].notna()]
    adjusted = tested.groupby(families)["p_value"].transform(
        lambda family: multipletests(family, method="fdr_bh")[1]
    )
    return results.assign(adjusted_p_value=adjusted.astype("float64"))
