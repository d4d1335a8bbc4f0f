"""Prices in cents: floats lose money."""


def subtotal(lines):
    """Sum of quantity times unit price over all lines."""
    return sum(line["quantity"] * line["unit_cents"] for line in lines)


def discount(cents, percent):
    """What is taken off a price, rounded half up."""
    return cents * percent // 100


def total(lines, percent=0):
    """What the customer pays."""
    amount = subtotal(lines)
    return amount - discount(amount, percent)
