# Sleeps that cannot be.
import time
for x in (float("nan"), float("inf"), 10**30, -1, -float("inf")):
    try:
        time.sleep(x)
    except (ValueError, OverflowError) as e:
        print(type(e).__name__, e)
print(time.sleep(0), time.sleep(0.001), time.sleep(True - 1))
