// Goroutines that make lists, put each in a random place of an array they share, and read whose list was there.
// usage: mutators THREADS OPERATIONS PLACES
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"peers/load"
)

type node struct {
	next   *node
	values [5]uint64
}

const length = 16

func (n *node) length() (nodes uint64) {
	for ; n != nil; n = n.next {
		nodes++
	}
	return
}

func main() {
	threads := load.Number(1)
	each := load.Number(2) / threads
	places := make([]atomic.Pointer[node], load.Number(3))
	taken := make([]uint64, threads)
	var done sync.WaitGroup
	cpu, start := load.CPU(), time.Now()
	for thread := range threads {
		done.Go(func() {
			random, sum := load.RandomOf(thread), uint64(0)
			for range each {
				var list *node
				for i := range uint64(length) {
					list = &node{list, [5]uint64{i}}
				}
				sum += places[random.Draw()%uint64(len(places))].Swap(list).length()
			}
			taken[thread] = sum
		})
	}
	done.Wait()
	wall := time.Since(start).Seconds()
	cpu = load.CPU() - cpu
	operations := float64(each * threads)
	load.Figure("throughput_per_s", operations/wall)
	load.Figure("wall_ns_per_operation", wall*1e9/operations)
	load.Figure("cpu_ns_per_operation", cpu*1e9/operations)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	load.Figure("collections", float64(m.NumGC))
	sum := uint64(0)
	for i := range places {
		sum += places[i].Load().length()
	}
	for _, t := range taken {
		sum += t
	}
	fmt.Printf("%d lists, %d nodes taken or left\n", each*threads, sum)
}
