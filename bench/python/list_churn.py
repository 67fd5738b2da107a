"""List churn: small lists made, appended to, read, shortened and dropped."""
import sys


def churn(n):
    total = 0
    for i in range(n):
        items = [i, i + 1, i + 2]
        items.append(i)
        total += len(items) + items[1]
        items.pop()
    return total


print(churn(int(sys.argv[1]) if len(sys.argv) > 1 else 1_500_000))
