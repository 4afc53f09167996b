// Verifies a log, a consistency proof and a receipt of Kunci's by golang.org/x/mod/sumdb, which knows nothing of it.
//
//	verify DIR VKEYS OLD PROOF RECEIPT
//
// DIR is a copy of the log; VKEYS a file of verifier keys, all of which must have signed; OLD an earlier checkpoint; PROOF
// the lines of `kunci log consistency`. Ours here: the paths of C2SP tlog-tiles, and signatures that x/mod does not know,
// ECDSA (0x02) and cosignatures by Ed25519 (0x04). Debian: golang-go, golang-golang-x-mod-dev, GO111MODULE=off.
package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// key is a verifier that x/mod does not have.
type key struct {
	name   string
	hash   uint32
	verify func(msg, sig []byte) bool
}

func (k key) Name() string                { return k.name }
func (k key) KeyHash() uint32             { return k.hash }
func (k key) Verify(msg, sig []byte) bool { return k.verify(msg, sig) }

func verifier(vkey string) note.Verifier {
	parts := strings.SplitN(vkey, "+", 3)
	bytes, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	kind, public := bytes[0], bytes[1:]
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), bytes...))
	verify := func(msg, sig []byte) bool {
		time := binary.BigEndian.Uint64(sig)
		signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, msg)
		return len(sig) == 72 && ed25519.Verify(public, []byte(signed), sig[8:])
	}
	switch kind {
	case 1:
		known, err := note.NewVerifier(vkey)
		must(err)
		return known
	case 2:
		digest = sha256.Sum256(public)
		parsed, err := x509.ParsePKIXPublicKey(public)
		must(err)
		verify = func(msg, sig []byte) bool {
			hash := sha256.Sum256(msg)
			return ecdsa.VerifyASN1(parsed.(*ecdsa.PublicKey), hash[:], sig)
		}
	}
	hash := binary.BigEndian.Uint32(digest[:])
	check(fmt.Sprintf("%08x", hash) == parts[1], "a key's id is not its own")
	return key{parts[0], hash, verify}
}

// tree opens a checkpoint that all of the keys must have signed.
func tree(bytes []byte, keys []note.Verifier) tlog.Tree {
	opened, err := note.Open(bytes, note.VerifierList(keys...))
	must(err)
	check(len(opened.Sigs) == len(keys), "not all keys signed")
	lines := strings.Split(opened.Text, "\n")
	check(len(lines) == 4 && lines[0] == keys[0].Name(), "not a checkpoint of this log")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

// folder reads tiles by the paths of C2SP tlog-tiles.
type folder string

func (f folder) Height() int { return 8 }
func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads all of them, from bundles and the last partial one.
func (f folder) entries(size int64) (entries [][]byte) {
	for n := int64(0); int64(len(entries)) < size; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: 256}
		if left := size - n*256; left < 256 {
			tile.W = int(left)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bytes := read(filepath.Join(string(f), path))
		for len(bytes) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(bytes))
			entries = append(entries, bytes[2:end])
			bytes = bytes[end:]
		}
	}
	check(int64(len(entries)) == size, "bundles do not hold as many entries as the checkpoint says")
	return entries
}

func main() {
	dir := folder(os.Args[1])
	var keys []note.Verifier
	for _, line := range strings.Fields(string(read(os.Args[2]))) {
		keys = append(keys, verifier(line))
	}
	log := tree(read(filepath.Join(string(dir), "checkpoint")), keys)

	// Each entry, by the hash in a tile that x/mod has held against the root, and by a proof that it makes and checks.
	entries, hashes := dir.entries(log.N), tlog.TileHashReader(log, dir)
	for i, entry := range entries {
		stored, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		must(err)
		check(stored[0] == tlog.RecordHash(entry), fmt.Sprintf("entry %d is not the one in its tile", i))
		proof, err := tlog.ProveRecord(log.N, int64(i), hashes)
		must(err)
		must(tlog.CheckRecord(proof, log.N, log.Hash, int64(i), tlog.RecordHash(entry)))
	}

	old := tree(read(os.Args[3]), keys)
	proof, err := tlog.ProveTree(log.N, old.N, hashes)
	must(err)
	ours := proofOf(strings.Fields(string(read(os.Args[4]))))
	check(fmt.Sprint(proof) == fmt.Sprint(tlog.TreeProof(ours)), "the consistency proof is not x/mod's")
	must(tlog.CheckTree(ours, log.N, log.Hash, old.N, old.Hash))

	head, signed, _ := strings.Cut(string(read(os.Args[5])), "\n\n")
	lines := strings.Split(head, "\n")
	check(lines[0] == "c2sp.org/tlog-proof@v1", "not a receipt")
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	must(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	must(err)
	at := tree([]byte(signed), keys)
	must(tlog.CheckRecord(proofOf(lines[3:]), at.N, at.Hash, index, tlog.RecordHash(extra)))
	fmt.Printf("%d entries, %d signers\n", log.N, len(keys))
}

func proofOf(lines []string) (hashes []tlog.Hash) {
	for _, line := range lines {
		hashes = append(hashes, hash(line))
	}
	return hashes
}

func hash(text string) tlog.Hash {
	parsed, err := tlog.ParseHash(text)
	must(err)
	return parsed
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	must(err)
	return bytes
}

func check(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}

func must(err error) {
	if err != nil {
		check(false, err.Error())
	}
}
