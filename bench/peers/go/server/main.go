// Goroutines that serve requests on one table: first as fast as they can (throughput), then at a rate (percentiles).
// usage: server LIVE_MB THREADS REQUESTS RATE SECONDS (the last three for each goroutine)
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"peers/load"
)

const locks = 1024

func main() {
	count := load.Number(1) << 20 / 48 / load.Row * load.Row
	threads, requests, rate, seconds := load.Number(2), load.Number(3), load.Number(4), load.Number(5)
	table := load.NewTable(count)
	lock := make([]sync.Mutex, locks)
	runtime.GC()
	request := func(r *load.Random) (keys uint64) {
		row := r.Draw() % uint64(len(table))
		l := &lock[row%locks]
		l.Lock()
		for n := table[row]; n != nil; n = n.Left {
			keys += n.Key
		}
		table.Replace(row, r.Draw()&(load.Row-1))
		l.Unlock()
		return
	}
	before := load.Begin()
	cpu := load.CPU()
	sums := make([]uint64, 2*threads)
	took := together(threads, func(thread uint64, _ time.Time) {
		random, keys := load.RandomOf(thread), uint64(0)
		for range requests {
			keys += request(&random)
		}
		sums[thread] = keys
	})
	load.Figure("throughput_per_s", float64(threads*requests)/took.Seconds())
	load.Figure("busy_cpu_us_per_request", (load.CPU()-cpu)*1e6/float64(threads*requests))
	cpu = load.CPU()
	histograms := make([]*load.Histogram, threads)
	took = together(threads, func(thread uint64, start time.Time) {
		random, keys := load.RandomOf(threads+thread), uint64(0)
		histograms[thread] = load.AtRate(start, rate, rate*seconds, func() { keys += request(&random) })
		sums[threads+thread] = keys
	})
	cpu = load.CPU() - cpu
	for _, h := range histograms[1:] {
		histograms[0].Merge(h)
	}
	histograms[0].Report()
	load.Figure("rate_held", float64(seconds)/took.Seconds())
	before.Report(cpu)
	keys := uint64(0)
	for _, k := range sums {
		keys += k
	}
	n, sum := table.Sum()
	fmt.Printf("%d requests saw %d; %d nodes live, sum %d\n", threads*(requests+rate*seconds), keys, n, sum)
}

// The time from the common start to the end of the last.
func together(threads uint64, work func(uint64, time.Time)) time.Duration {
	var ready, done sync.WaitGroup
	ready.Add(1)
	var start time.Time
	for thread := range threads {
		done.Go(func() {
			ready.Wait()
			work(thread, start)
		})
	}
	start = time.Now()
	ready.Done()
	done.Wait()
	return time.Since(start)
}
