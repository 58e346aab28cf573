module github.com/hfx/hfx/bindings/go

go 1.24
