from carbon_lint.python.measuring import BudgetExceeded as BudgetExceeded
from carbon_lint.python.measuring import measure as measure

__version__: str
