// Full collections of a living graph of 48-byte nodes.
// usage: mark SHAPE LIVE_MB COLLECTIONS
// SHAPE: array (all held by one array), list, tree, graph (two random edges each, all held by one array in random order)
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"peers/load"
)

type vertex struct {
	left, right *vertex
	words       [4]uint64
}

var (
	all   []*vertex
	first *vertex
)

// Seconds of marking, whoever did it, idle processors' included; by Go's own clock, which goes on when the kernel runs
// somebody else.
func markCPU() float64 {
	names := []string{
		"/cpu/classes/gc/mark/assist:cpu-seconds",
		"/cpu/classes/gc/mark/dedicated:cpu-seconds",
		"/cpu/classes/gc/mark/idle:cpu-seconds",
	}
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	sum := 0.0
	for _, s := range samples {
		sum += s.Value.Float64()
	}
	return sum
}

func main() {
	shape := os.Args[1]
	n := int(load.Number(2) << 20 / 48)
	collections := load.Number(3)
	all = make([]*vertex, n)
	for i := range all {
		all[i] = &vertex{words: [4]uint64{uint64(i), uint64(i), uint64(i), uint64(i)}}
	}
	at := func(i int) *vertex {
		if i < n {
			return all[i]
		}
		return nil
	}
	state := uint64(0x9e3779b97f4a7c15)
	random := func(below int) int {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		return int(state % uint64(below))
	}
	for i, v := range all {
		switch shape {
		case "array":
		case "list":
			v.left = at(i + 1)
		case "tree":
			v.left, v.right = at(2*i+1), at(2*i+2)
		case "graph":
			v.left, v.right = at(random(n)), at(random(n))
		default:
			panic("no such shape")
		}
	}
	switch shape {
	case "list", "tree":
		first, all = all[0], nil
	case "graph":
		for i := n - 1; i > 0; i-- {
			j := random(i + 1)
			all[i], all[j] = all[j], all[i]
		}
	}
	runtime.GC()
	before, cpu, start := markCPU(), load.CPU(), time.Now()
	for range collections {
		runtime.GC()
	}
	took, mark, cpu := time.Since(start), markCPU()-before, load.CPU()-cpu
	objects := float64(n) * float64(collections)
	fmt.Printf("%d objects, %d collections\n", n, collections)
	load.Figure("cpu_ns_per_object", cpu*1e9/objects)
	load.Figure("mark_ns_per_object", mark*1e9/objects)
	load.Figure("collection_ns_per_object", float64(took.Nanoseconds())/objects)
	runtime.KeepAlive(all)
	runtime.KeepAlive(first)
}
