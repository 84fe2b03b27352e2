package iscsi

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// neededLibraries returns the files of all shared libraries that the programs
// need, by the name under which they ask for them.
func neededLibraries(folders, programs []string) (map[string]string, error) {
	found := map[string]string{}
	for todo := programs; len(todo) > 0; todo = todo[1:] {
		f, err := elf.Open(todo[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", todo[0], err)
		}
		names, err := f.ImportedLibraries()
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", todo[0], err)
		}
		for _, name := range names {
			if found[name] != "" {
				continue
			}
			path, err := firstFile(folders, name)
			if err != nil {
				return nil, fmt.Errorf("library of %s: %w", todo[0], err)
			}
			found[name] = path
			todo = append(todo, path)
		}
	}
	return found, nil
}

func firstFile(folders []string, name string) (string, error) {
	for _, dir := range folders {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is in none of %s", name, strings.Join(folders, ", "))
}

// orderedModules returns the files of kernel modules and of all that they
// depend on, each after those that it needs.
func orderedModules(root string, names ...string) ([]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "lib", "modules"), func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok && err == nil && !d.IsDir() {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var order []string
	seen := map[string]bool{}
	var add func(string) error
	add = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		if files[name] == "" {
			return fmt.Errorf("the kernel package has no module %s", name)
		}
		depends, err := moduleDepends(files[name])
		if err != nil {
			return err
		}
		for _, d := range depends {
			if err := add(d); err != nil {
				return err
			}
		}
		order = append(order, files[name])
		return nil
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// moduleDepends reads the "depends=" entry that the kernel's build leaves in a module.
func moduleDepends(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	info := f.Section(".modinfo")
	if info == nil {
		return nil, fmt.Errorf("%s has no .modinfo", path)
	}
	raw, err := info.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for entry := range bytes.SplitSeq(raw, []byte{0}) {
		if list, ok := bytes.CutPrefix(entry, []byte("depends=")); ok && len(list) > 0 {
			return strings.Split(strings.ReplaceAll(string(list), "-", "_"), ","), nil
		}
	}
	return nil, nil
}
