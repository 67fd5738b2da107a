"""The rows of `counting` for CPython 3.13.0: `counting.py WORKLOAD CONTENDER key=value…`.

The same work, output and figures as bench/src/programs/counting.rs, which explains them; every figure includes the
interpreter's own work.  The collector is as it comes: on, thresholds 2000, 10, 0 (3.13.0).  Overview: README.md.
"""
import gc
import os
import random
import sys
import time
from array import array
from time import perf_counter_ns as now, process_time_ns

RING = 1024


class Node:
    __slots__ = ('number', 'next')

    def __init__(self, number, next):
        self.number = number
        self.next = next


class Tree:
    __slots__ = ('left', 'right')

    def __init__(self, left, right):
        self.left = left
        self.right = right


def figure(name, value):
    print(f'{name}={value}', file=sys.stderr)


class Clock:
    def __init__(self):
        self.wall = self.cpu = 0

    def start(self):
        self.wall -= now()
        self.cpu -= process_time_ns()
        return self

    def stop(self):
        self.cpu += process_time_ns()
        self.wall += now()

    def report(self, name, operations):
        figure(name, self.cpu / operations)
        figure(name + '_wall', self.wall / operations)


def kilobytes(path, name):
    with open(path) as file:
        for line in file:
            if line.startswith(name):
                return int(line.split()[1])


def resident_mb():
    return kilobytes('/proc/self/smaps_rollup', 'Rss:') * 1024 / 1e6


def peak_mb():
    return kilobytes('/proc/self/status', 'VmHWM:') * 1024 / 1e6


forgotten_mb = 0


def forget_peak():
    global forgotten_mb
    forgotten_mb = max(forgotten_mb, peak_mb())
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')


def ring(operations):
    places = [None] * RING
    total = 0
    clock = Clock().start()
    for i in range(operations):
        at = i % RING
        old = places[at]
        places[at] = Node(i, None)
        if old is not None:
            total += old.number
    clock.stop()
    clock.report('ns', operations)
    print(f'{operations} objects, sum {total}')


def clone(operations):
    nodes = [Node(i, None) for i in range(RING)]
    rounds = operations // RING
    clock = Clock().start()
    for _ in range(rounds):
        for handle in nodes:
            pass
    clock.stop()
    clock.report('ns', rounds * RING)
    print(f'{rounds * RING} clones, sum {sum(node.number for node in nodes)}')


def grow(depth):
    if depth == 0:
        return Tree(None, None)
    return Tree(grow(depth - 1), grow(depth - 1))


def count(tree):
    if tree.left is None:
        return 1
    return 1 + count(tree.left) + count(tree.right)


def tree(depth, times):
    both, letting_go, nodes = Clock(), Clock(), 0
    for _ in range(times):
        both.start()
        kept = grow(depth)
        both.stop()
        nodes += count(kept)
        both.start()
        letting_go.start()
        kept = None
        letting_go.stop()
        both.stop()
    letting_go.report('let_go_ns', nodes)
    both.report('ns', nodes)
    print(f'{nodes} nodes')


def rest():
    for _ in range(20):
        time.sleep(0.01)
        for i in range(1000):
            Node(i, None)


def make_pairs(pairs):
    for i in range(pairs):
        one = Node(i, None)
        one.next = Node(i, one)


def cycles(pairs):
    make_pairs(1)
    gc.collect()
    before = resident_mb()
    clock = Clock().start()
    make_pairs(pairs)
    gc.collect()
    clock.stop()
    clock.report('ns', 2 * pairs)
    rest()
    figure('left_mb', resident_mb() - before)
    print(f'{pairs} pairs')


def full(shape, objects, collections):
    nodes = [Node(i, None) for i in range(objects)]
    order = array('I', range(objects))
    if shape.endswith('random'):
        random.Random(1).shuffle(order)
    length, total = len(nodes), sum(node.number for node in nodes)
    before = None
    for at in order:
        node = nodes[at]
        if before is not None:
            before.next = node
        before = node
    chain = nodes[order[0]]
    del order, before, node
    if shape.startswith('chain'):
        nodes = None
    gc.collect()
    forget_peak()
    clock = Clock()
    for _ in range(collections):
        clock.start()
        gc.collect()
        clock.stop()
    clock.report('ns', collections * objects)
    figure('resident_mb', peak_mb())
    print(f'{length} nodes, sum {total}')


def push(nodes):
    chain = None
    for i in range(nodes):
        chain = Node(i, chain)
    return chain


def list_(nodes):
    chain = push(nodes)
    print(f'{nodes} nodes, first {chain.number}')
    clock = Clock().start()
    chain = None
    clock.stop()
    clock.report('ns', nodes)


def spike(objects, nth):
    Node(0, None)
    figure('before_mb', resident_mb())
    nodes = [Node(i, None) for i in range(objects)]
    figure('top_mb', resident_mb())
    nodes = nodes[::nth]
    rest()
    figure('after_mb', resident_mb())
    gc.collect()
    figure('asked_mb', resident_mb())
    print(f'{len(nodes)} nodes stay, sum {sum(node.number for node in nodes)}')


def stops(objects):
    told_total = told_max = began = 0

    def watch(phase, info):
        nonlocal told_total, told_max, began
        if phase == 'start':
            began = now()
        else:
            took = now() - began
            told_total += took
            told_max = max(told_max, took)

    gc.callbacks.append(watch)
    seen_total = seen_max = 0
    chain = None
    clock = Clock().start()
    last = now()
    for i in range(objects):
        chain = Node(i, chain)
        at = now()
        took = at - last
        last = at
        if took > 10_000:
            seen_total += took
            if took > seen_max:
                seen_max = took
    clock.stop()
    clock.report('build_ns', objects)
    gc.callbacks.remove(watch)
    figure('seen_max_ms', seen_max / 1e6)
    figure('seen_total_ms', seen_total / 1e6)
    figure('told_max_ms', told_max / 1e6)
    figure('told_total_ms', told_total / 1e6)
    print(f'{objects} nodes, first {chain.number}')


def churn(live, loops):
    chain = push(live)
    before = resident_mb()
    forget_peak()
    clock = Clock().start()
    for i in range(loops):
        node = Node(i, None)
        node.next = node
    clock.stop()
    clock.report('ns', loops)
    figure('growth_mb', peak_mb() - before)
    print(f'{loops} loops beside {live} nodes, first {chain.number}')


def main():
    workloads = {
        'ring': ring, 'clone': clone, 'tree': tree, 'cycles': cycles, 'full': full, 'list': list_, 'spike': spike,
        'stops': stops, 'churn': churn,
    }
    workload, _, *pairs = sys.argv[1:]
    named = dict(pair.split('=') for pair in pairs)
    workloads[workload](**{key: int(value) if value.isdigit() else value for key, value in named.items()})
    figure('peak_mb', max(peak_mb(), forgotten_mb))
    sys.stdout.flush()
    os._exit(0)


main()
