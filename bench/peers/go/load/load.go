// Package load: requests at a fixed rate, and how long each took from the moment it was due; the table that requests
// change. As ours (programs/load.rs, bin/contender-load.rs).
package load

import (
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"
)

// Node has 48 bytes.
type Node struct {
	Left, Right *Node
	Key         uint64
	Values      [3]uint64
}

// Row is the length of a table's rows.
const Row = 8

// Chain makes what a request makes: all but its head is garbage when the request is over.
func Chain(key uint64) *Node {
	var p *Node
	for i := 0; i < 16; i++ {
		p = &Node{Left: p, Key: key}
		p.Values[0] = uint64(i)
	}
	return p
}

// Table is an array of rows.
type Table []*Node

// NewTable makes a table of so many nodes; neighbours in a row are none in memory.
func NewTable(nodes uint64) Table {
	t := make(Table, nodes/Row)
	for round := 0; round < Row; round++ {
		for i := range t {
			t[i] = &Node{Left: t[i], Key: uint64(i)}
		}
	}
	return t
}

// Replace puts a fresh node in the place of one of a row.
func (t Table) Replace(row, place uint64) {
	fresh := Chain(row)
	at := &t[row]
	for ; place > 0; place-- {
		at = &(*at).Left
	}
	fresh.Left = (*at).Left
	*at = fresh
}

// Sum counts the nodes and adds up their keys and values.
func (t Table) Sum() (count, sum uint64) {
	for _, node := range t {
		for ; node != nil; node = node.Left {
			count++
			sum += node.Key + node.Values[0]
		}
	}
	return
}

// Random is Marsaglia's xorshift.
type Random uint64

// RandomOf is that of a thread.
func RandomOf(thread uint64) Random { return Random(88172645463325252 + thread*7919) }

// Draw is the next number.
func (r *Random) Draw() uint64 {
	x := uint64(*r)
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*r = Random(x)
	return x
}

const subBits = 7
const sub = 1 << subBits

// Histogram holds times by size, within 1/256.
type Histogram struct {
	counts     [sub * (65 - subBits)]uint64
	count, max uint64
}

func index(ns uint64) int {
	shift := max(bits.Len64(ns)-subBits-1, 0)
	return shift*sub + int(ns>>shift)
}

func middle(index int) uint64 {
	shift := max(index/sub-1, 0)
	return uint64(index-shift*sub)<<shift + 1<<shift/2
}

// Add notes a time.
func (h *Histogram) Add(ns uint64) {
	h.counts[index(ns)]++
	h.count++
	h.max = max(h.max, ns)
}

// Merge adds the other's.
func (h *Histogram) Merge(o *Histogram) {
	for i := range h.counts {
		h.counts[i] += o.counts[i]
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

func (h *Histogram) perMille(share uint64) uint64 {
	rank := max((h.count*share+999)/1000, 1)
	var seen uint64
	for i, count := range h.counts {
		seen += count
		if seen >= rank {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

// Report tells p50, p99, p99.9 and the maximum.
func (h *Histogram) Report() {
	Figure("p50_us", float64(h.perMille(500))/1e3)
	Figure("p99_us", float64(h.perMille(990))/1e3)
	Figure("p999_us", float64(h.perMille(999))/1e3)
	Figure("max_us", float64(h.max)/1e3)
}

// AtRate does requests that are due at a rate a second since start; the wait for the next one is busy.
func AtRate(start time.Time, rate, count uint64, request func()) *Histogram {
	h := new(Histogram)
	for k := uint64(0); k < count; k++ {
		due := int64(k * 1e9 / rate)
		for int64(time.Since(start)) < due {
		}
		request()
		h.Add(uint64(int64(time.Since(start)) - due))
	}
	return h
}

// Figure reports one.
func Figure(name string, value float64) { fmt.Fprintf(os.Stderr, "%s=%v\n", name, value) }

// Number is an argument.
func Number(i int) uint64 {
	n, err := strconv.ParseUint(os.Args[i], 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// CPU is the processor time of the process, in seconds.
func CPU() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	s := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return s(u.Utime) + s(u.Stime)
}

// Metric reads one of runtime/metrics.
func Metric(name string) float64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	switch s[0].Value.Kind() {
	case metrics.KindUint64:
		return float64(s[0].Value.Uint64())
	case metrics.KindFloat64:
		return s[0].Value.Float64()
	}
	panic(name)
}

// Before is what was before the load.
type Before struct {
	cpu, assist, gc, pause float64
	cycles                 uint32
}

func read() Before {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	class := func(name string) float64 { return Metric("/cpu/classes/gc/" + name + ":cpu-seconds") }
	return Before{CPU(), class("mark/assist"), class("total"), class("pause"), m.NumGC}
}

// Begin reads what will be subtracted.
func Begin() Before { return read() }

// Report tells what the collector did since then; some of it Go knows up to its last collection only.
func (b Before) Report(cpu float64) {
	a := read()
	Figure("load_cpu_s", cpu)
	Figure("collections", float64(a.cycles-b.cycles))
	Figure("gc_cpu_s", a.gc-b.gc)
	Figure("assist_ms", (a.assist-b.assist)*1e3)
}
