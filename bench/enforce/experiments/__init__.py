"""What is done to a gateway. Each experiment is a generator of trials, one a seed, and names what it
needs of a target; the order is that in which they are run."""
from . import books, changes, money, rates, slots

ALL = {each.name: each for each in (
    money.MONEY, money.LAST, books.DROPPED, rates.RPM, rates.BOUNDARY, rates.TPM, books.KILLED,
    slots.CONCURRENCY, changes.REVOKED, changes.NARROWED)}
