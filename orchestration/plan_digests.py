"""What a query computes, as digests: two states of a query differ where their digests do.

The digest of a column holds the expression that computes it, down to the tables that the query
reads; that of the rows holds all that chooses them: joins, filters, groups, and what these compare.
Names within a query, its layout and its comments change none.
"""

from dataclasses import dataclass
from hashlib import sha256

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

# Parts of a select that are digested by themselves.
APART = {"expressions", "with_"}


@dataclass(frozen=True)
class QueryDigest:
    """What a query computes.

    Parameters
    ----------
    columns : dict of str to str
        Digest of each column, in the order of the query; none of a table, whose columns are its
        own.
    rows : str
        Digest of what chooses its rows; the name of a table.
    """

    columns: dict[str, str]
    rows: str

    def column(self, name: str) -> str:
        """Return the digest of a column, be it one of `*`."""
        return self.columns.get(name) or _digest(name, *(self.columns.values() or [self.rows]))


def query_digest(query: exp.Expr) -> QueryDigest:
    """Digest a query.

    Parameters
    ----------
    query : Expr
        Its columns name the table or the common table expression that they are of.
    """
    digests: dict[int, QueryDigest] = {}
    # What a query reads comes before it, and the query last.
    for scope in traverse_scope(query):
        if isinstance(scope.expression, exp.Select):
            found = _of_select(scope, digests)
        elif isinstance(scope.expression, exp.SetOperation):
            found = _of_set(scope, digests)
        else:
            found = QueryDigest({}, _sql(scope.expression))
        digests[id(scope)] = found
    return found


def _of_select(scope: Scope, digests: dict[int, QueryDigest]) -> QueryDigest:
    select, sources = scope.expression, _sources(scope, digests)

    def resolved(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table in sources:
            return exp.var(sources[node.table].column(node.name))
        if isinstance(node, exp.Table | exp.Subquery) and node.alias_or_name in sources:
            return exp.var(sources[node.alias_or_name].rows)
        return node

    columns: dict[str, str] = {}
    for column in select.expressions:
        text = _sql(column.unalias().transform(resolved))
        every = [source.column("*") for source in sources.values()] if column.is_star else []
        columns[column.alias_or_name] = _digest(text, *every)
    chosen = [
        _sql(part.transform(resolved))
        for key, value in select.args.items()
        if key not in APART
        for part in _expressions(value)
    ]
    for subquery in scope.subquery_scopes:
        chosen += [digests[id(subquery)].rows, *digests[id(subquery)].columns.values()]
    # A column chooses rows if it makes several of one, or if equal rows are one.
    makers = columns if select.args.get("distinct") else _making_rows(select)
    return QueryDigest(columns, _digest(*chosen, *(columns[name] for name in makers)))


def _of_set(scope: Scope, digests: dict[int, QueryDigest]) -> QueryDigest:
    sides = [digests[id(side)] for side in scope.union_scopes]
    values = zip(*(side.columns.values() for side in sides), strict=False)
    columns = dict(zip(sides[0].columns, (_digest(*value) for value in values), strict=False))
    keeps_all = scope.expression.args.get("distinct") is False
    compared = [] if keeps_all else columns.values()
    kind = type(scope.expression).__name__
    return QueryDigest(columns, _digest(kind, *(side.rows for side in sides), *compared))


def _sources(scope: Scope, digests: dict[int, QueryDigest]) -> dict[str, QueryDigest]:
    """Return what a select reads, by the name that it has there."""
    sources: dict[str, QueryDigest] = {}
    rows: list[str] = []
    for name, source in scope.sources.items():
        if isinstance(source, exp.Table):
            table = ".".join(part.name for part in source.parts)
            found = QueryDigest({}, _digest(table))
        elif id(source) in digests:
            found = digests[id(source)]
        else:
            # It reads itself.
            continue
        # The same rows read twice are two sources.
        place = str(rows.count(found.rows)) if name in scope.selected_sources else ""
        rows += [found.rows] if place else []
        columns = {key: _digest(place, value) for key, value in found.columns.items()}
        sources[name] = QueryDigest(columns, _digest(place, found.rows))
    return sources


def _making_rows(select: exp.Expr) -> list[str]:
    makers = (exp.Explode, exp.Unnest)
    return [column.alias_or_name for column in select.expressions if column.find(*makers)]


def _expressions(value: object) -> list[exp.Expr]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if isinstance(part, exp.Expr)]


def _sql(expression: exp.Expr) -> str:
    return expression.sql(dialect="duckdb", comments=False)


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
