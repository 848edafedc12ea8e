"""Where a wheel's packages come from; everything else is in pyproject.toml.

The application and the bundled files keep their places in the tree and go by molsearch's own names
once installed, so that no second copy is needed and no package of somebody else's is in the way.
"""

from setuptools import find_namespace_packages, setup

FOLDERS = {
    "molsearch_app": "app",
    "molsearch.bundled.datasets": "datasets",
    "molsearch.bundled.results": "results",
}
CODE = find_namespace_packages(include=["molsearch", "molsearch.*"], exclude=["*__pycache__*"])
PAGES = find_namespace_packages("app", exclude=["*__pycache__*"])

setup(
    packages=[*CODE, *FOLDERS, *(f"molsearch_app.{name}" for name in PAGES)],
    package_dir=FOLDERS,
)
