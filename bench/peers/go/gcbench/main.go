// GCBench, by Ellis, Kovac and Boehm: a stretching tree, a long-lived tree, an array of numbers, then trees top down and
// bottom up. The original looks at no tree it made; here everybody walks down the left edge of each.
// usage: gcbench SCALE   (added to the depths)
package main

import (
	"fmt"
	"runtime"

	"peers/load"
)

type node struct {
	left, right *node
	i, j        int32
}

const (
	arraySize = 500000
	minDepth  = 4
)

var (
	longLived *node
	array     []float64
	tree      *node
)

func nodes(depth uint64) uint64 { return 1<<(depth+1) - 1 }

func populate(depth uint64, n *node) {
	if depth == 0 {
		return
	}
	n.left = &node{}
	n.right = &node{}
	populate(depth-1, n.left)
	populate(depth-1, n.right)
}

func makeTree(depth uint64) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: makeTree(depth - 1), right: makeTree(depth - 1)}
}

func (n *node) leftEdge() (links uint64) {
	for ; n.left != nil; n = n.left {
		links++
	}
	return
}

func (n *node) count() uint64 {
	if n.left == nil {
		return 1 + uint64(n.i+n.j)
	}
	return 1 + uint64(n.i+n.j) + n.left.count() + n.right.count()
}

func main() {
	scale := load.Number(1)
	stretch, maxDepth := 18+scale, 16+scale
	tree = makeTree(stretch)
	fmt.Printf("stretch tree of depth %d\t left edge: %d\n", stretch, tree.leftEdge())
	tree = nil
	longLived = &node{}
	populate(maxDepth, longLived)
	array = make([]float64, arraySize)
	for i := range arraySize / 2 {
		array[i] = 1 / float64(i+1)
	}
	for depth := uint64(minDepth); depth <= maxDepth; depth += 2 {
		count := 2 * nodes(stretch) / nodes(depth)
		var down, up uint64
		for range count {
			tree = &node{}
			populate(depth, tree)
			down += tree.leftEdge()
			tree = nil
		}
		for range count {
			tree = makeTree(depth)
			up += tree.leftEdge()
			tree = nil
		}
		fmt.Printf("%d\t trees of depth %d\t left edges: %d top down, %d bottom up\n", count, depth, down, up)
	}
	fmt.Printf("long-lived tree of depth %d\t nodes: %d\t 1/number: %.0f\n", maxDepth, longLived.count(), 1/array[1000])
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	load.Figure("NumGC", float64(m.NumGC))
	load.Figure("PauseTotalNs", float64(m.PauseTotalNs))
	load.Figure("Mallocs", float64(m.Mallocs))
}
