// What stays resident after a spike: a list of 48-byte nodes is built and let go, but for survivors made in between.
// usage: spike SPIKE_MB KEEP_ONE_IN IDLE_S
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"peers/load"
)

type node struct {
	next   *node
	values [5]uint64
}

var (
	list *node
	kept []*node
)

// Resident now, by the kernel's word, in millions of bytes.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "Rss: %f", &kb); err == nil {
			return kb * 1024 / 1e6
		}
	}
	panic("no Rss")
}

func main() {
	nodes := load.Number(1) << 20 / 48
	every, idle := load.Number(2), load.Number(3)
	load.Figure("empty_mb", resident())
	for i := range nodes {
		if every > 0 && i%every == 0 {
			kept = append(kept, &node{values: [5]uint64{i}})
		}
		list = &node{list, [5]uint64{i}}
	}
	load.Figure("spike_mb", resident())
	list = nil
	start, cpu := time.Now(), load.CPU()
	runtime.GC()
	load.Figure("at_once_mb", resident())
	for _, at := range []struct {
		name   string
		second uint64
	}{{"after_1s_mb", 1}, {"after_5s_mb", 5}, {"idle_mb", idle}} {
		time.Sleep(time.Duration(at.second)*time.Second - time.Since(start))
		load.Figure(at.name, resident())
	}
	load.Figure("idle_cpu_ms", (load.CPU()-cpu)*1e3)
	load.Figure("goal_mb", load.Metric("/gc/heap/goal:bytes")/1e6)
	start = time.Now()
	debug.FreeOSMemory()
	load.Figure("release_ms", time.Since(start).Seconds()*1e3)
	load.Figure("released_mb", resident())
	sum := uint64(0)
	for _, n := range kept {
		sum += n.values[0]
	}
	fmt.Printf("%d nodes, %d kept, sum %d\n", nodes, len(kept), sum)
}
