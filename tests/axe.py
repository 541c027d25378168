"""axe-core as every test asks it: what is wrong comes back and nothing else, which is half of the work.

A walk through many pages keeps one `Walk`: what is built like something it has seen is not examined a second time.
"""

from axe_playwright_python.sync_playwright import Axe

# How each element is built and where it stands. Values that people read are left out; whether there are any is not.
SHAPES = """() => {
  const shapes = new Set(), ids = [...document.querySelectorAll('[id]')].map(one => one.id);
  const look = (node, place) => {
    const names = [...node.attributes].map(one => one.name).sort();
    const told = [node.tagName, node.className.baseVal ?? node.className, node.type, node.getAttribute('role'), names,
                  !!node.textContent.trim(), node.labels?.length, node.disabled, node.open];
    const here = `${place}>${told.join('|')}`;
    shapes.add(here);
    for (const child of node.children) look(child, here);
  };
  look(document.documentElement, '');
  return [...shapes, ...(new Set(ids).size < ids.length ? [`twice: ${ids}`] : [])];
}"""


def violations(page, rules=(), *, context=None, without=()):
    """What axe has against the page by these rules, or by all it has; one line for each element."""
    switched_off = {rule: {"enabled": False} for rule in without}
    options = {"rules": switched_off, "resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = Axe().run(page, context=context, options=options).response["violations"]
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary']}" for one in found for node in one["nodes"]]


class Walk:
    """`examined` counts the pages that axe was asked about."""

    def __init__(self, rules):
        self.rules, self.seen, self.examined = rules, set(), 0

    def violations(self, page):
        shapes = set(page.evaluate(SHAPES))
        if shapes <= self.seen:
            return []
        self.seen |= shapes
        self.examined += 1
        return violations(page, self.rules)
