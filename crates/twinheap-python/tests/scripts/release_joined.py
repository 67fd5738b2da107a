# Truth values joined stay truth values; slices are released last to first.
flag = True
flag &= False
print(flag, flag is False, True | False, True ^ True, True & 1, ~True if False else True + True)
class L:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
l = [L(i) for i in range(5)]
l[1:3] = []
del l[:2]
l[:] = [7]
