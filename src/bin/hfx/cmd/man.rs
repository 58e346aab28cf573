//! `hfx man`: a manual page for each command, made from the help texts. For packagers.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::Cli;
use crate::fail::Failure;

/// Writes `hfx.1`, `hfx-download.1`, ... into a folder.
pub(crate) fn run(folder: &Path) -> Result<(), Failure> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    fs::create_dir_all(folder)
        .and_then(|()| write_all(&cli, folder))
        .map_err(|error| Failure::plain(format!("can't write manual pages to {}: {error}", folder.display())))
}

fn write_all(command: &clap::Command, folder: &Path) -> io::Result<()> {
    let page = Man::new(command.clone()).source(concat!("hfx ", env!("CARGO_PKG_VERSION"))).manual("hfx");
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    let mut shown = command.get_subcommands().filter(|command| !command.is_hide_set()).peekable();
    if shown.peek().is_some() {
        page.render_subcommands_section(&mut out)?;
    }
    if let Some(notes) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        // Line by line: clap_mangen's own section would fill the examples into paragraphs.
        let mut section = Roff::new();
        section.control("SH", ["NOTES"]).control("nf", []);
        for line in notes.to_string().lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []).to_writer(&mut out)?;
    }
    fs::File::create(folder.join(page.get_filename()))?.write_all(&out)?;
    shown.try_for_each(|command| write_all(command, folder))
}
