// Allocate and release through a ring of 1,024: pointer-free objects of one size.
// usage: ring BYTES OPERATIONS
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"peers/load"
)

const ring = 1024

type words interface {
	[2]uint64 | [4]uint64 | [8]uint64 | [16]uint64 | [32]uint64 | [64]uint64 | [128]uint64 | [256]uint64 | [512]uint64 |
		[1024]uint64
}

func run[T words](operations uint64, first func(*T) *uint64) uint64 {
	places := make([]*T, ring)
	var sum uint64
	for i := uint64(0); i < operations; i++ {
		fresh := new(T)
		*first(fresh) = i
		place := &places[i%ring]
		if *place != nil {
			sum += *first(*place)
		}
		*place = fresh
	}
	return sum
}

func main() {
	bytes, _ := strconv.Atoi(os.Args[1])
	operations, _ := strconv.ParseUint(os.Args[2], 10, 64)
	var sum uint64
	cpu, start := load.CPU(), time.Now()
	switch bytes {
	case 16:
		sum = run(operations, func(w *[2]uint64) *uint64 { return &w[0] })
	case 32:
		sum = run(operations, func(w *[4]uint64) *uint64 { return &w[0] })
	case 64:
		sum = run(operations, func(w *[8]uint64) *uint64 { return &w[0] })
	case 128:
		sum = run(operations, func(w *[16]uint64) *uint64 { return &w[0] })
	case 256:
		sum = run(operations, func(w *[32]uint64) *uint64 { return &w[0] })
	case 512:
		sum = run(operations, func(w *[64]uint64) *uint64 { return &w[0] })
	case 1024:
		sum = run(operations, func(w *[128]uint64) *uint64 { return &w[0] })
	case 2048:
		sum = run(operations, func(w *[256]uint64) *uint64 { return &w[0] })
	case 4096:
		sum = run(operations, func(w *[512]uint64) *uint64 { return &w[0] })
	case 8192:
		sum = run(operations, func(w *[1024]uint64) *uint64 { return &w[0] })
	default:
		panic("no objects of that size are measured")
	}
	load.Figure("ns", (load.CPU()-cpu)*1e9/float64(operations))
	load.Figure("ns_wall", float64(time.Since(start).Nanoseconds())/float64(operations))
	fmt.Printf("%d objects, sum %d\n", operations, sum)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(os.Stderr, "NumGC=%d\n", m.NumGC)
}
