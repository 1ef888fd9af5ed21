from tenants.models.attempt import ConnectionAttempt
from tenants.models.audit import AuditEntry
from tenants.models.company import Company, Connection
from tenants.models.people import Invitation, Membership, Role, User
from tenants.models.tenant import Tenant

__all__ = [
    "AuditEntry",
    "Company",
    "Connection",
    "ConnectionAttempt",
    "Invitation",
    "Membership",
    "Role",
    "Tenant",
    "User",
]
