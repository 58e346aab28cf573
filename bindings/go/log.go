package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// logger hands messages of the library to a slog.Logger.
type logger struct {
	to    *slog.Logger
	level int32

	mu       sync.Mutex
	panicked error
}

var levels = []struct {
	hfx  int32
	slog slog.Level
}{
	{C.HFX_LOG_DEBUG, slog.LevelDebug},
	{C.HFX_LOG_INFO, slog.LevelInfo},
	{C.HFX_LOG_WARN, slog.LevelWarn},
	{C.HFX_LOG_ERROR, slog.LevelError},
}

func newLogger(to *slog.Logger) *logger {
	for _, level := range levels {
		if to.Enabled(context.Background(), level.slog) {
			return &logger{to: to, level: level.hfx}
		}
	}
	return nil
}

func (l *logger) log(level int32, room, message string) {
	defer func() {
		if r := recover(); r != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.panicked == nil {
				l.panicked = fmt.Errorf("the log handler panicked: %v", r)
			}
		}
	}()
	for _, each := range levels {
		if each.hfx == level {
			l.to.Log(context.Background(), each.slog, message, "room", room)
		}
	}
}

// failure is the first panic of the handler, which nobody waits for: Close reports it.
func (l *logger) failure() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.panicked
}
