# Not Mersenne's twister: the same seed gives other numbers than CPython's.
import time as _time
class Random:
    def __init__(self, x=None):
        self.seed(x)
    def seed(self, x=None):
        self._s = (hash(x) if x is not None else _time.time_ns()) & 0xFFFFFFFFFFFFFFFF
    def getrandbits(self, k):
        out = 0
        n = 0
        while n < k:
            self._s = (self._s * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            out = (out << 32) | (self._s >> 32)
            n += 32
        return out >> (n - k)
    def random(self):
        return self.getrandbits(53) / 9007199254740992.0
    def randrange(self, start, stop=None, step=1):
        if stop is None:
            start, stop = 0, start
        n = (stop - start + step - 1) // step
        if n <= 0:
            raise ValueError("empty range for randrange()")
        return start + step * int(self.random() * n)
    def randint(self, a, b):
        return self.randrange(a, b + 1)
    def choice(self, seq):
        return seq[self.randrange(len(seq))]
    def choices(self, seq, k=1):
        return [self.choice(seq) for _ in range(k)]
    def shuffle(self, x):
        for i in range(len(x) - 1, 0, -1):
            j = self.randrange(i + 1)
            x[i], x[j] = x[j], x[i]
    def sample(self, seq, k):
        x = list(seq)
        self.shuffle(x)
        return x[:k]
    def uniform(self, a, b):
        return a + (b - a) * self.random()
_r = Random()
seed, random, randrange, randint, choice, choices, shuffle, sample, uniform, getrandbits = (
    _r.seed, _r.random, _r.randrange, _r.randint, _r.choice, _r.choices, _r.shuffle, _r.sample, _r.uniform, _r.getrandbits)
