//! A GPU that is a process on the CPU: it runs the kernels' own text; see tests/kernels/emulator.cpp.

use std::{
    cell::{Cell, RefCell},
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    sync::OnceLock,
};

use candle_core::Result;
use lacuna::nn::ops::cuda::{
    Addresses, Gpu, INFERENCE, Kernel, Launch, Launches, PLAIN, TRAINING,
    train::{Emulate, Slot},
};

/// The emulator; `clone` gives another hand on the same one.
#[derive(Clone)]
pub(crate) struct Emulator(Rc<Process>);

struct Process {
    child: RefCell<Child>,
    commands: RefCell<BufWriter<ChildStdin>>,
    answers: RefCell<BufReader<ChildStdout>>,
    last_id: Cell<u32>,
}

/// Memory of the emulator.
pub(crate) struct Buffer {
    id: u32,
    bytes: usize,
    process: Rc<Process>,
}

impl Emulator {
    /// `None`, after saying so, where it cannot be built: without Linux or `g++`.
    ///
    /// With `LACUNA_NO_SKIP` set that is a failure: where it must be built, no test passes without it.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), but products of TF32 are not rounded.
    pub(crate) fn exact() -> Option<Self> {
        Self::start_with(&[("EXACT_PRODUCTS", "1")])
    }

    fn start_with(environment: &[(&str, &str)]) -> Option<Self> {
        static PROGRAM: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
        let program = match PROGRAM.get_or_init(build) {
            Ok(program) => program,
            Err(why) => {
                let must_run = std::env::var_os("LACUNA_NO_SKIP").is_some();
                assert!(!must_run, "the kernels cannot be emulated: {why}");
                eprintln!("skipped: the kernels cannot be emulated: {why}");
                return None;
            }
        };
        let mut child = Command::new(program)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = RefCell::new(BufWriter::new(child.stdin.take().unwrap()));
        let answers = RefCell::new(BufReader::new(child.stdout.take().unwrap()));
        Some(Self(Rc::new(Process {
            child: RefCell::new(child),
            commands,
            answers,
            last_id: Cell::new(0),
        })))
    }
}

/// Compiles the emulator with the kernels in it. An error of the kernels fails the test; no compiler does not.
fn build() -> std::result::Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("it needs Linux".to_owned());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("kernels.cu"), format!("{INFERENCE}{PLAIN}{TRAINING}")).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/emulator.cpp");
    let program = folder.join("emulator");
    let flags = [
        "-std=c++17",
        "-O2",
        "-fno-strict-aliasing",
        "-Wno-unknown-pragmas",
    ];
    let output = Command::new("g++")
        .args(flags)
        .arg("-I")
        .arg(&folder)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .output()
        .map_err(|error| format!("g++ cannot be run ({error})"))?;
    assert!(
        output.status.success(),
        "the kernels do not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(program)
}

impl Process {
    fn send(&self, parts: &[&[u8]]) {
        let mut commands = self.commands.borrow_mut();
        for part in parts {
            commands.write_all(part).unwrap();
        }
    }

    fn make(self: &Rc<Self>, command: u8, bytes: usize, content: &[u8]) -> Buffer {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        self.send(&[
            &[command],
            &id.to_le_bytes(),
            &(bytes as u64).to_le_bytes(),
            content,
        ]);
        Buffer {
            id,
            bytes,
            process: Rc::clone(self),
        }
    }
}

impl Gpu for Emulator {
    type Buffer = Buffer;

    fn empty(&self, bytes: usize) -> Result<Buffer> {
        Ok(self.0.make(b'E', bytes, &[]))
    }

    fn upload(&self, bytes: &[u8]) -> Result<Buffer> {
        Ok(self.0.make(b'U', bytes.len(), bytes))
    }

    fn upload_with(&self, bytes: usize, write: impl FnOnce(&mut [u8])) -> Result<Buffer> {
        let mut content = vec![u32::MAX; bytes.div_ceil(size_of::<u32>())];
        let content = &mut bytemuck::cast_slice_mut(&mut content)[..bytes];
        write(content);
        self.upload(content)
    }

    fn download<T, const N: usize>(
        &self,
        buffers: [&Buffer; N],
        read: impl FnOnce([&[u8]; N]) -> T,
    ) -> Result<T> {
        let mut contents = Vec::new();
        for buffer in buffers {
            self.0.send(&[b"D", &buffer.id.to_le_bytes()]);
            self.0.commands.borrow_mut().flush()?;
            let mut content = vec![0u32; buffer.bytes.div_ceil(size_of::<u32>())];
            let bytes = &mut bytemuck::cast_slice_mut(&mut content)[..buffer.bytes];
            self.0.answers.borrow_mut().read_exact(bytes)?;
            contents.push(content);
        }
        let mut lent = [[].as_slice(); N];
        for ((lent, content), buffer) in lent.iter_mut().zip(&contents).zip(buffers) {
            *lent = &bytemuck::cast_slice(content)[..buffer.bytes];
        }
        Ok(read(lent))
    }

    fn address(&self, buffer: &Buffer) -> u64 {
        u64::from(buffer.id)
    }

    fn launch(&self, launch: &Launch, addresses: Addresses) -> Result<()> {
        // Here all modules are one; a GPU looks in the one that is named.
        let Kernel { module, name } = launch.kernel;
        let is_there = module.source().contains(&format!("GLOBAL {name}(Job job)"));
        assert!(is_there, "{name} is not in {module:?}");
        let grid: Vec<u8> = launch.grid.iter().flat_map(|count| count.to_le_bytes()).collect();
        let ids = addresses.to_array();
        let ids: Vec<u8> = ids.iter().flat_map(|&id| (id as u32).to_le_bytes()).collect();
        self.0.send(&[
            b"L",
            &[name.len() as u8],
            name.as_bytes(),
            &grid,
            &launch.threads.to_le_bytes(),
            &ids,
            &launch.job.to_bytes(),
        ]);
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.process.send(&[b"F", &self.id.to_le_bytes()]);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.borrow_mut();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Emulate for Emulator {
    fn run(&self, launches: &Launches, inputs: &[(Slot, &[f32])], output: &mut [f32]) -> Result<()> {
        let to = self.upload(bytemuck::cast_slice(output))?;
        let mut addresses = Addresses {
            output: self.address(&to),
            ..Addresses::default()
        };
        let mut buffers = Vec::new();
        for (slot, values) in inputs {
            let buffer = self.upload(bytemuck::cast_slice(values))?;
            *slot.of(&mut addresses) = self.address(&buffer);
            buffers.push(buffer);
        }
        Gpu::run(self, launches, addresses)?;
        self.download([&to], |[bytes]| {
            output.copy_from_slice(bytemuck::cast_slice(bytes));
        })
    }
}
