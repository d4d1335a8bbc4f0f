import unittest

from shop.pricing import discount, subtotal, total

LINES = [{"quantity": 2, "unit_cents": 1250}, {"quantity": 1, "unit_cents": 999}]


class PricingTest(unittest.TestCase):
    def test_subtotal(self):
        self.assertEqual(subtotal(LINES), 3499)

    def test_total_without_discount(self):
        self.assertEqual(total(LINES), 3499)

    def test_discount_of_whole_cents(self):
        self.assertEqual(discount(1000, 15), 150)


if __name__ == "__main__":
    unittest.main()
