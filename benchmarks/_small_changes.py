"""Small wrong changes to a file of Python, as a hurried author might make them, one at a time.

A change flips a comparison, swaps + and - or * and /, `and` and `or`, `any` and `all`, the smaller and the larger, the
two sides of a `where`; drops a `not`, a minus, a keyword of a call or a check; negates a condition; or alters a number.
"""

import ast

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
COMPARISONS |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
OPERATORS |= {ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}
PAIRS = [
    ("any", "all"),
    ("min", "max"),
    ("minimum", "maximum"),
    ("argmin", "argmax"),
    ("floor", "ceil"),
    ("sin", "cos"),
]
NAMES = dict(PAIRS) | {b: a for a, b in PAIRS}
UNCHECKED = ("annotation", "returns", "decorator_list", "exc", "msg")
"""Parts of a syntax tree in which nothing is changed: types, decorators, and what an error says."""


def nodes_of(tree, statement=None):
    """All nodes in which a change would count, each after the smallest statement that it belongs to."""
    statement = tree if isinstance(tree, ast.stmt) else statement
    yield statement, tree
    for name, value in ast.iter_fields(tree):
        if name not in UNCHECKED and not isinstance(tree, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
            for node in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.AST):
                    yield from nodes_of(node, statement)


def changes_of(node):
    """All changes of one node: what each is called, and a function that makes it."""

    def new(name, value, of=node):
        return lambda: setattr(of, name, value)

    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield "comparison", new("ops", [COMPARISONS[type(op)]()])
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield "operator", new("op", OPERATORS[type(op)]())
        case ast.BoolOp(op=op):
            yield "and/or", new("op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert() as op):
            # Twice is not at all.
            yield f"no {type(op).__name__.lower()}", new("operand", ast.UnaryOp(type(op)(), node.operand))
        case ast.If(body=[ast.Raise()]):
            yield "no check", new("test", ast.Constant(False))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "condition negated", new("test", ast.UnaryOp(ast.Not(), test))
        case ast.Constant(value=bool(value)):
            yield "constant", new("value", not value)
        case ast.Constant(value=int(value)):
            yield "constant", new("value", value + 1)
        case ast.Constant(value=float(value)):
            yield "constant", new("value", 2 * value if value else 1.0)
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in NAMES:
            yield called, new("attr" if isinstance(node.func, ast.Attribute) else "id", NAMES[called], node.func)
        if called == "where" and len(node.args) == 3:
            yield "where", new("args", [node.args[0], node.args[2], node.args[1]])
        for keyword in node.keywords:
            if keyword.arg and called not in ("field", "partial"):
                yield f"no {keyword.arg}=", new("keywords", [k for k in node.keywords if k is not keyword])


def kinds_of_changes(source):
    """What each possible change of a source is called, in the order of their numbers."""
    return [kind for _, node in nodes_of(ast.parse(source)) for kind, _ in changes_of(node)]


def changed(source, number):
    """The source with one change, its line, and the line of the statement that differs, before and after it."""
    tree = ast.parse(source)
    found = [(statement, node, make) for statement, node in nodes_of(tree) for _, make in changes_of(node)]
    statement, node, make = found[number]
    before = ast.unparse(statement).splitlines()
    make()
    after = ast.unparse(ast.fix_missing_locations(statement)).splitlines()
    differing = next(pair for pair in zip(before, after) if pair[0] != pair[1])
    return ast.unparse(ast.fix_missing_locations(tree)), node.lineno, *(line.strip() for line in differing)
