// Response time under a large living heap of 48-byte nodes: requests at a fixed rate, each of which makes 16 nodes and
// puts one of them in the place of a random one.
// usage: latency SHAPE LIVE_MB RATE SECONDS
// SHAPE: table (rows of eight nodes in an array), tree (a balanced search tree), map (of numbers to nodes)
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"peers/load"
)

type node = load.Node

type store interface {
	request(r *load.Random)
	sum() (uint64, uint64)
}

type table struct{ load.Table }

func (t *table) request(r *load.Random) {
	row := r.Draw() % uint64(len(t.Table))
	t.Replace(row, r.Draw()&(load.Row-1))
}
func (t *table) sum() (uint64, uint64) { return t.Sum() }

type tree struct {
	root  *node
	nodes uint64
}

func newTree(low, high uint64) *node {
	if low >= high {
		return nil
	}
	key := (low + high) / 2
	n := &node{Key: key}
	n.Left = newTree(low, key)
	n.Right = newTree(key+1, high)
	return n
}
func (t *tree) request(r *load.Random) {
	key := r.Draw() % t.nodes
	fresh := load.Chain(key)
	at := &t.root
	for (*at).Key != key {
		if key < (*at).Key {
			at = &(*at).Left
		} else {
			at = &(*at).Right
		}
	}
	fresh.Left, fresh.Right = (*at).Left, (*at).Right
	*at = fresh
}
func (t *tree) sum() (count, sum uint64) {
	var add func(*node)
	add = func(n *node) {
		if n != nil {
			count++
			sum += n.Key + n.Values[0]
			add(n.Left)
			add(n.Right)
		}
	}
	add(t.root)
	return
}

type nodes map[uint32]*node

func newMap(count uint64) nodes {
	m := make(nodes, count)
	for i := range uint32(count) {
		m[i] = &node{Key: uint64(i)}
	}
	return m
}
func (m nodes) request(r *load.Random) {
	key := r.Draw() % uint64(len(m))
	fresh := load.Chain(key)
	fresh.Left = nil
	m[uint32(key)] = fresh
}
func (m nodes) sum() (count, sum uint64) {
	for _, n := range m {
		count++
		sum += n.Key + n.Values[0]
	}
	return
}

func main() {
	count := load.Number(2) << 20 / 48 / load.Row * load.Row
	rate, seconds := load.Number(3), load.Number(4)
	var s store
	switch os.Args[1] {
	case "table":
		s = &table{load.NewTable(count)}
	case "tree":
		s = &tree{newTree(0, count), count}
	case "map":
		s = newMap(count)
	default:
		panic("no such shape")
	}
	runtime.GC()
	random := load.RandomOf(0)
	before, cpu, start := load.Begin(), load.CPU(), time.Now()
	times := load.AtRate(start, rate, rate*seconds, func() { s.request(&random) })
	took := time.Since(start)
	cpu = load.CPU() - cpu
	times.Report()
	load.Figure("throughput_per_s", float64(rate*seconds)/took.Seconds())
	before.Report(cpu)
	n, sum := s.sum()
	fmt.Printf("%d requests; %d nodes live, sum %d\n", rate*seconds, n, sum)
}
