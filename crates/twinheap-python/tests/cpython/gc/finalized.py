# gc.is_finalized
import gc
print(gc.is_finalized(3), gc.is_finalized([]), gc.is_finalized(gc))
storage = []
class Lazarus:
    def __del__(self):
        storage.append(self)
lazarus = Lazarus()
print(gc.is_finalized(lazarus))
del lazarus
gc.collect()
lazarus = storage.pop()
print(gc.is_finalized(lazarus))
lazarus.me = lazarus
del lazarus
print(gc.collect(), storage)
