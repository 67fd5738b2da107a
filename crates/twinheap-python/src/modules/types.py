FunctionType = type(lambda: None)
BuiltinFunctionType = type(len)
def _g():
    yield
GeneratorType = type(_g())
NoneType = type(None)
import sys as _sys
ModuleType = type(_sys)
del _sys
class _C:
    def m(self):
        pass
MethodType = type(_C().m)
class SimpleNamespace:
    def __init__(self, **kw):
        for k, v in kw.items():
            setattr(self, k, v)
    def __repr__(self):
        return "namespace(" + ", ".join("%s=%r" % p for p in vars(self).items()) + ")"
    def __eq__(self, other):
        return vars(self) == vars(other)
