def heappush(heap, item):
    heap.append(item)
    _down(heap, 0, len(heap) - 1)
def heappop(heap):
    last = heap.pop()
    if heap:
        top = heap[0]
        heap[0] = last
        _up(heap, 0)
        return top
    return last
def heapreplace(heap, item):
    top = heap[0]
    heap[0] = item
    _up(heap, 0)
    return top
def heappushpop(heap, item):
    if heap and heap[0] < item:
        item, heap[0] = heap[0], item
        _up(heap, 0)
    return item
def heapify(x):
    for i in reversed(range(len(x) // 2)):
        _up(x, i)
def _down(heap, start, pos):
    item = heap[pos]
    while pos > start:
        parent = (pos - 1) >> 1
        p = heap[parent]
        if item < p:
            heap[pos] = p
            pos = parent
            continue
        break
    heap[pos] = item
def _up(heap, pos):
    end = len(heap)
    start = pos
    item = heap[pos]
    child = 2 * pos + 1
    while child < end:
        right = child + 1
        if right < end and not heap[child] < heap[right]:
            child = right
        heap[pos] = heap[child]
        pos = child
        child = 2 * pos + 1
    heap[pos] = item
    _down(heap, start, pos)
def nsmallest(n, it, key=None):
    return sorted(it, key=key)[:n]
def nlargest(n, it, key=None):
    return sorted(it, key=key, reverse=True)[:n]
def merge(*its, key=None, reverse=False):
    heap = []
    for i, it in enumerate(its):
        it = iter(it)
        for x in it:
            heap.append([x if key is None else key(x), i, x, it])
            break
    heapify(heap)
    while heap:
        e = heap[0]
        yield e[2]
        for x in e[3]:
            e[0] = x if key is None else key(x)
            e[2] = x
            _up(heap, 0)
            break
        else:
            heappop(heap)
