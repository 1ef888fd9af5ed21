from sync.models.cursor import Cursor
from sync.models.hook import StoreHook
from sync.models.keyed import KeyedDocument
from sync.models.link import Link
from sync.models.mapping import Mapping
from sync.models.mirror import MirrorEntry
from sync.models.options import OptionsVersion
from sync.models.posting import Batch, Posting
from sync.models.reconciliation import Reconciliation, ReconciliationLine
from sync.models.record import Record, RecordEvent
from sync.models.report import Recipient, Report, ReportMail, ReportSchedule, ToldProblem
from sync.models.request import Request
from sync.models.run import Run
from sync.models.stock import StockLine, StockPass

__all__ = [
    "Batch",
    "Cursor",
    "KeyedDocument",
    "Link",
    "Mapping",
    "MirrorEntry",
    "OptionsVersion",
    "Posting",
    "Recipient",
    "Reconciliation",
    "ReconciliationLine",
    "Record",
    "RecordEvent",
    "Report",
    "ReportMail",
    "ReportSchedule",
    "Request",
    "Run",
    "StockLine",
    "StockPass",
    "StoreHook",
    "ToldProblem",
]
