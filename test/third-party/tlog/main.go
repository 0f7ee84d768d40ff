// Reads an exported log with tools that know nothing of this project: golang.org/x/mod/sumdb/note and /tlog, and
// torchwood's client of C2SP tlog-tiles. Prints one line of JSON, or says what is wrong and exits with 1.
//
//	tlog DIRECTORY VERIFIER-KEY POSITION
//	tlog proof FILE ENTRY VERIFIER-KEY COSIGNER-KEY
//
// The second checks a C2SP tlog-proof of the entry in the file ENTRY, whose checkpoint both keys must have signed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type report struct {
	Origin  string         `json:"origin"`
	Size    int64          `json:"size"`
	Entries int64          `json:"entries"`
	Kinds   map[string]int `json:"kinds"`
	Proof   int            `json:"proof"`
}

func main() {
	if os.Args[1] == "proof" {
		if err := checkProof(os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	told, err := read(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		panic(err)
	}
}

func checkProof(file, entryFile, key, cosignerKey string) error {
	proof, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	witness, err := torchwood.NewCosignatureVerifier(cosignerKey)
	if err != nil {
		return err
	}
	all := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(log.Name()),
		torchwood.SingleVerifierPolicy(log), torchwood.SingleVerifierPolicy(witness))
	return torchwood.VerifyProof(all, tlog.RecordHash(entry), proof)
}

func read(directory, key, at string) (*report, error) {
	position, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(directory + "/checkpoint")
	if err != nil {
		return nil, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	checkpoint, err := torchwood.ParseCheckpoint(signed.Text)
	if err != nil {
		return nil, err
	}
	files, err := torchwood.NewTileFS(os.DirFS(directory))
	if err != nil {
		return nil, err
	}
	client, err := torchwood.NewClient(files)
	if err != nil {
		return nil, err
	}
	told := &report{Origin: checkpoint.Origin, Size: checkpoint.N, Kinds: map[string]int{}}
	for _, bytes := range client.AllEntries(context.Background(), checkpoint.Tree, 0) {
		var entry struct{ Kind string }
		if err := json.Unmarshal(bytes, &entry); err != nil {
			return nil, err
		}
		told.Kinds[entry.Kind]++
		told.Entries++
	}
	if err := client.Err(); err != nil {
		return nil, err
	}
	bytes, proof, err := client.Entry(context.Background(), checkpoint.Tree, position)
	if err != nil {
		return nil, err
	}
	told.Proof = len(proof)
	return told, tlog.CheckRecord(proof, checkpoint.N, checkpoint.Hash, position, tlog.RecordHash(bytes))
}
