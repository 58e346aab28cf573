package hfx

// #include <hfx.h>
import "C"

// FileState is how far one file is.
type FileState int32

// The states of files.
const (
	FileWaiting FileState = C.HFX_FILE_WAITING // not begun
	FileRunning FileState = C.HFX_FILE_RUNNING // under way
	FileDone    FileState = C.HFX_FILE_DONE    // in place, fetched or sent now
	FileCached  FileState = C.HFX_FILE_CACHED  // in place before
	FileFailed  FileState = C.HFX_FILE_FAILED  // ended with an error
	FilePlanned FileState = C.HFX_FILE_PLANNED // a dry run: would be fetched

	FileCancelled FileState = C.HFX_FILE_CANCELLED // left unfinished: cancelled, or its job ended before its turn
)

// Progress is how far a job is at one moment; sizes in bytes. Numbers only grow.
type Progress struct {
	JobID         uint64
	FileCount     int // as far as known
	FilesDone     int
	FilesFailed   int
	BytesTotal    int64 // of all files, as far as known
	BytesDone     int64 // in place: fetched, restored or cached; of an upload stored by the server; of a deletion freed
	BytesReceived int64 // over the network in this job
	BytesRestored int64 // left by an earlier run and not fetched again
	BytesSent     int64 // over the network in this job
	BytesHashed   int64 // of an upload before it is sent
	Files         []FileProgress
}

// FileProgress is how far one file of a job is.
type FileProgress struct {
	Name     string
	State    FileState
	Size     int64 // 0 while unknown
	Done     int64
	Received int64
	Restored int64
	Hashed   int64
	Sent     int64
	Err      error // an *Error when it failed, else nil
}

func progressOf(p *C.hfx_progress) Progress {
	var sums C.hfx_totals
	C.hfx_progress_totals(p, &sums, C.sizeof_hfx_totals)
	progress := Progress{
		JobID:         uint64(C.hfx_progress_job_id(p)),
		FileCount:     int(sums.files),
		FilesDone:     int(sums.files_done),
		FilesFailed:   int(sums.files_failed),
		BytesTotal:    int64(sums.bytes),
		BytesDone:     int64(sums.bytes_done),
		BytesReceived: int64(sums.bytes_received),
		BytesRestored: int64(sums.bytes_restored),
		BytesSent:     int64(sums.bytes_sent),
		BytesHashed:   int64(sums.bytes_hashed),
	}
	count := int(C.hfx_progress_file_count(p))
	if count == 0 {
		return progress
	}
	progress.Files = make([]FileProgress, count)
	var row C.hfx_file_progress
	for i := range progress.Files {
		C.hfx_progress_file(p, C.size_t(i), &row, C.sizeof_hfx_file_progress)
		file := FileProgress{
			Name:     C.GoString(row.name),
			State:    FileState(row.state),
			Size:     int64(row.bytes),
			Done:     int64(row.bytes_done),
			Received: int64(row.bytes_received),
			Restored: int64(row.bytes_restored),
			Hashed:   int64(row.bytes_hashed),
			Sent:     int64(row.bytes_sent),
		}
		if row.error != nil {
			file.Err = errorOf(row.error)
		}
		progress.Files[i] = file
	}
	return progress
}

// watcher carries progress from a thread of the library to whom it is for, and never holds that thread.
type watcher struct {
	latest chan Progress // what the waiting goroutine has not seen
	f      func(Progress)
	to     chan Progress
}

// newWatcher is nil when nobody watches; what a call names takes the place of what its client names.
func newWatcher(c *Client, s *settings) *watcher {
	f, to := s.progress, s.channel
	if f == nil && to == nil {
		f, to = c.progress, c.channel
	}
	if f == nil && to == nil {
		return nil
	}
	w := &watcher{f: f, to: to}
	if f != nil {
		w.latest = make(chan Progress, 1)
	}
	return w
}

func (w *watcher) put(p Progress) {
	if w.latest != nil {
		replace(w.latest, p)
	}
	if w.to != nil {
		replace(w.to, p)
	}
}

// replace sends without blocking, in place of the oldest value when the channel is full.
func replace(channel chan Progress, p Progress) {
	if cap(channel) == 0 {
		select {
		case channel <- p:
		default:
		}
		return
	}
	for {
		select {
		case channel <- p:
			return
		default:
		}
		select {
		case <-channel:
		default:
		}
	}
}

// last delivers what came with the job's end, which the library gives before it.
func (w *watcher) last() {
	if w == nil || w.latest == nil {
		return
	}
	select {
	case p := <-w.latest:
		w.f(p)
	default:
	}
}
