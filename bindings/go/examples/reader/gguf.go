package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ggufMagic opens every GGUF file.
var ggufMagic = []byte("GGUF")

// ggufHeader is what stands before the tensors.
type ggufHeader struct {
	Version  uint32
	Tensors  uint64
	Metadata []pair
}

// pair is one entry of the metadata; the value as text, an array as its length.
type pair struct{ Key, Value string }

// What a header may hold at most: a file must not make us allocate what it names.
const (
	mostPairs = 1 << 16
	mostText  = 16 << 20
)

// The types of values that are no unsigned numbers.
const (
	typeInt8    = 1
	typeInt16   = 3
	typeInt32   = 5
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9
	typeInt64   = 11
	typeFloat64 = 12
)

// sizes are the types of one size, in bytes.
var sizes = map[uint32]int{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

// readGGUF reads the version, the number of tensors and the metadata.
func readGGUF(from io.Reader) (*ggufHeader, error) {
	r := &ggufReader{from: bufio.NewReader(from)}
	if magic := r.bytes(4); r.err == nil && !bytes.Equal(magic, ggufMagic) {
		return nil, errors.New("no GGUF file")
	}
	header := &ggufHeader{Version: r.uint32(), Tensors: r.uint64()}
	count := r.uint64()
	if count > mostPairs {
		return nil, fmt.Errorf("a GGUF header with %d entries", count)
	}
	for i := uint64(0); i < count && r.err == nil; i++ {
		key := r.text()
		header.Metadata = append(header.Metadata, pair{Key: key, Value: r.value(r.uint32())})
	}
	return header, r.err
}

// ggufReader keeps the first error, so that a header reads like its format.
type ggufReader struct {
	from *bufio.Reader
	err  error
}

func (r *ggufReader) bytes(n int) []byte {
	b := make([]byte, n)
	if r.err == nil {
		_, r.err = io.ReadFull(r.from, b)
	}
	return b
}

func (r *ggufReader) uint32() uint32 { return binary.LittleEndian.Uint32(r.bytes(4)) }

func (r *ggufReader) uint64() uint64 { return binary.LittleEndian.Uint64(r.bytes(8)) }

func (r *ggufReader) text() string {
	n := r.uint64()
	if n > mostText {
		r.err = fmt.Errorf("a text of %d bytes in a GGUF header", n)
		return ""
	}
	return string(r.bytes(int(n)))
}

func (r *ggufReader) skip(n int64) {
	if r.err == nil {
		_, r.err = io.CopyN(io.Discard, r.from, n)
	}
}

func (r *ggufReader) value(kind uint32) string {
	switch kind {
	case typeString:
		return r.text()
	case typeArray:
		return r.array()
	}
	size, known := sizes[kind]
	if !known {
		if r.err == nil {
			r.err = fmt.Errorf("a GGUF value of unknown type %d", kind)
		}
		return ""
	}
	b := make([]byte, 8)
	copy(b, r.bytes(size))
	bits := binary.LittleEndian.Uint64(b)
	switch kind {
	case typeFloat32:
		return fmt.Sprint(math.Float32frombits(uint32(bits)))
	case typeFloat64:
		return fmt.Sprint(math.Float64frombits(bits))
	case typeBool:
		return fmt.Sprint(bits != 0)
	case typeInt8, typeInt16, typeInt32, typeInt64:
		unused := 64 - 8*size
		return fmt.Sprint(int64(bits<<unused) >> unused)
	}
	return fmt.Sprint(bits)
}

func (r *ggufReader) array() string {
	kind, count := r.uint32(), r.uint64()
	if count > mostText {
		r.err = fmt.Errorf("an array of %d values in a GGUF header", count)
		return ""
	}
	if size, fixed := sizes[kind]; fixed {
		r.skip(int64(count) * int64(size))
		return fmt.Sprintf("[%d values]", count)
	}
	for i := uint64(0); i < count && r.err == nil; i++ {
		if kind != typeString {
			r.err = fmt.Errorf("a GGUF array of type %d", kind)
			return ""
		}
		r.skip(int64(r.uint64()))
	}
	return fmt.Sprintf("[%d texts]", count)
}
