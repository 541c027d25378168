"""Forms on the office's pages. What they share with the pages of other apps is in core/desk.py."""

from core.desk import DayField as DayField
from core.desk import MomentField as MomentField
from core.desk import refuse as refuse
