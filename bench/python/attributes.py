"""An attribute loop: two reads and a write of an instance's attributes."""
import sys


class Point:
    def __init__(self):
        self.x = 1
        self.y = 2


def loop(n):
    point = Point()
    total = 0
    for i in range(n):
        total += point.x + point.y
        point.x = i
    return total


print(loop(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000))
