# So it is when SystemExit ends the program.
class A:
    def __del__(self):
        print("del", len("names are in place"))
a = A()
a.link = a
b = A()
b.link = None
raise SystemExit(0)
