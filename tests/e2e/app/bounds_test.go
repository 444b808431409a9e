package app

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// daprd sends a header of its trace for each event of a bulk, on one call: C core's own bound of 16 KiB
// would make it deliver them for ever.
func TestHeadersOfABulkFit(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)
	direct := dial(t, probe.Address(), nil)
	typed := learn(t, direct, direct)
	traced := func(events int) error {
		ctx := patient(t)
		for i := range events {
			ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", fmt.Sprintf("00-%032d-%016d-01", i, i))
		}
		_, err := typed.call(ctx, "Echo", `{"text":"x"}`)
		return err
	}

	if err := traced(1000); err != nil {
		t.Errorf("1000 traced events: %v", err)
	}
	if err := traced(10000); err == nil {
		t.Error("10000 traced events are within --header-bytes-max")
	}
	typed.echo(t, patient(t))
}

func TestMessagesHaveTheirBounds(t *testing.T) {
	t.Parallel()
	probe := startProbe(t)
	direct := dial(t, probe.Address(), nil)
	typed := learn(t, direct, direct)
	for _, c := range []struct {
		name      string
		mebibytes int
		code      codes.Code
		words     string
	}{
		{"what daprd's callers send", 3, codes.OK, ""},
		{"an answer over 4 MiB", 6, codes.OutOfRange, "reply-bytes-max = 4194304"},
		{"a request over 16 MiB", 17, codes.InvalidArgument, "request-bytes-max = 16777216"},
	} {
		text := strings.Repeat("x", c.mebibytes<<20)
		_, err := typed.call(patient(t), "Echo", `{"text":`+strconv.Quote(text)+`}`,
			grpc.MaxCallRecvMsgSize(32<<20), grpc.MaxCallSendMsgSize(32<<20))
		if status.Code(err) != c.code || (err != nil && !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %.300v", c.name, err)
		}
	}
}
