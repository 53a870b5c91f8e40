//! Which processor the network runs on.
//!
//! `auto` takes CUDA, then Metal, then the CPU. A device that fails to open never stops the work: the CPU takes over
//! and the person is told. A CUDA library that is missing makes the bindings panic, so the libraries are looked for
//! first, and opening is guarded against panics too. Running out of memory later is not handled here: see
//! [`NetworkError::is_out_of_memory`].
//!
//! [`NetworkError::is_out_of_memory`]: super::NetworkError::is_out_of_memory

use std::{
    cell::Cell,
    panic::{self, UnwindSafe},
    sync::Once,
};

use candle_core::Device;

/// Which device to run on, as a person chooses it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The fastest that works: CUDA, then Metal, then the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An Apple GPU.
    Metal,
}

impl DeviceChoice {
    /// Every choice, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::Metal];

    /// The choice as a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Auto => "Automatic",
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
            Self::Metal => "Metal",
        }
    }

    /// Whether this binary was built with support for it.
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Auto | Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        }
    }
}

/// What one kind of device is good for here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// The kind.
    pub choice: DeviceChoice,
    /// Its name, or why it cannot be used.
    pub state: Result<String, String>,
}

/// Why a device cannot be used.
#[derive(Debug)]
struct Refusal {
    /// In words.
    why: String,
    /// Whether it seems to be there, though it does not work: not where there is none, or where its libraries are not
    /// installed.
    is_present: bool,
}

impl Refusal {
    fn absent(why: String) -> Self {
        Self {
            why,
            is_present: false,
        }
    }
}

/// Opens the chosen device, or the CPU where that fails, with a notice that says so.
///
/// `Auto` gives a notice only where a device is present and broken, not where there is none.
pub fn open(choice: DeviceChoice, notice: &mut dyn FnMut(&str)) -> Device {
    match choice {
        DeviceChoice::Cpu => Device::Cpu,
        DeviceChoice::Auto => {
            first_working([DeviceChoice::Cuda, DeviceChoice::Metal], try_open, notice).unwrap_or(Device::Cpu)
        }
        DeviceChoice::Cuda | DeviceChoice::Metal => try_open(choice).unwrap_or_else(|refusal| {
            notice(&cannot_be_used(choice, &refusal));
            Device::Cpu
        }),
    }
}

/// The first of the choices that opens. Those that are present and do not open are told.
fn first_working(
    choices: impl IntoIterator<Item = DeviceChoice>,
    open: impl Fn(DeviceChoice) -> Result<Device, Refusal>,
    notice: &mut dyn FnMut(&str),
) -> Option<Device> {
    choices.into_iter().find_map(|choice| match open(choice) {
        Ok(device) => Some(device),
        Err(refusal) => {
            if refusal.is_present {
                notice(&cannot_be_used(choice, &refusal));
            }
            None
        }
    })
}

fn cannot_be_used(choice: DeviceChoice, refusal: &Refusal) -> String {
    format!(
        "{} cannot be used: {}; going on with the CPU",
        choice.label(),
        refusal.why
    )
}

/// The device as a person reads it: `CPU (8 threads)`, `CUDA (NVIDIA GeForce RTX 4090)`.
pub fn name(device: &Device) -> String {
    match device {
        Device::Cpu => format!("CPU ({} threads)", rayon::current_num_threads()),
        Device::Cuda(_) => cuda_name(device),
        Device::Metal(_) => "Metal".to_owned(),
    }
}

/// Memory in use on a GPU, by all programs together; `None` on the CPU and where the device does not tell.
pub fn memory_in_use_mib(device: &Device) -> Option<f64> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        let used = super::ops::cuda::memory_in_use(device).ok()?;
        return Some(used as f64 / f64::from(1 << 20));
    }
    let _ = device;
    None
}

/// What this binary can run on, on this machine. Opens each device once.
pub fn list() -> Vec<Available> {
    [DeviceChoice::Cpu, DeviceChoice::Cuda, DeviceChoice::Metal]
        .into_iter()
        .map(|choice| Available {
            choice,
            state: try_open(choice)
                .map(|device| name(&device))
                .map_err(|refusal| refusal.why),
        })
        .collect()
}

fn try_open(choice: DeviceChoice) -> Result<Device, Refusal> {
    if !choice.is_built_in() {
        let why = format!("this program was built without {}", choice.label());
        return Err(Refusal::absent(why));
    }
    #[cfg(feature = "cuda")]
    if choice == DeviceChoice::Cuda
        && let Some(library) = super::ops::cuda::missing_library()
    {
        return Err(Refusal::absent(format!("{library} is not installed")));
    }
    guarded(|| match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda => open_cuda(),
        DeviceChoice::Metal => Device::new_metal(0),
    })
}

/// Opens a device through bindings that panic where a library is not as they expect, and keeps that panic to itself.
fn guarded(open: impl FnOnce() -> candle_core::Result<Device> + UnwindSafe) -> Result<Device, Refusal> {
    silence_panics(true);
    let opened = panic::catch_unwind(open);
    silence_panics(false);
    match opened {
        Ok(device) => device.map_err(|error| refusal(&error.to_string())),
        // They are there: it was looked for them before.
        Err(_) => Err(Refusal {
            why: "its libraries do not work".to_owned(),
            is_present: true,
        }),
    }
}

/// Whether panics of this thread are told.
///
/// The hook belongs to the whole process, so it is set once and asks the thread: devices may be opened on several.
fn silence_panics(is_silent: bool) {
    thread_local!(static IS_SILENT: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            if !IS_SILENT.get() {
                tell(panicked);
            }
        }));
    });
    IS_SILENT.set(is_silent);
}

/// What a driver says of a device that it does not open.
fn refusal(text: &str) -> Refusal {
    Refusal {
        why: text.lines().next().unwrap_or_default().to_owned(),
        is_present: !text.contains("CUDA_ERROR_NO_DEVICE"),
    }
}

#[cfg(feature = "cuda")]
fn open_cuda() -> candle_core::Result<Device> {
    let device = Device::new_cuda(0)?;
    // Without this it is slower, no more.
    if let Err(error) = device.as_cuda_device().and_then(super::ops::cuda::keep_memory) {
        tracing::warn!("CUDA's memory is not kept: {error}");
    }
    Ok(device)
}

#[cfg(not(feature = "cuda"))]
fn open_cuda() -> candle_core::Result<Device> {
    Device::new_cuda(0)
}

#[cfg(feature = "cuda")]
fn cuda_name(device: &Device) -> String {
    let name = device
        .as_cuda_device()
        .ok()
        .and_then(|device| device.cuda_stream().context().name().ok());
    name.map_or_else(|| "CUDA".to_owned(), |name| format!("CUDA ({name})"))
}

#[cfg(not(feature = "cuda"))]
fn cuda_name(_device: &Device) -> String {
    "CUDA".to_owned()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::{DeviceChoice, Refusal, first_working, guarded, list, open, refusal};

    #[test]
    fn bindings_that_panic_are_a_device_that_cannot_be_used() {
        let opened = guarded(|| panic!("Unable to dynamically load the \"cuda\" shared library"));
        let refusal = opened.unwrap_err();
        assert_eq!(refusal.why, "its libraries do not work");
        assert!(refusal.is_present, "what is broken is told");
    }

    #[test]
    fn of_the_devices_that_do_not_open_only_those_that_are_present_are_told() {
        let none = r#"DriverError(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected")"#;
        let broken = r#"DriverError(CUDA_ERROR_UNKNOWN, "unknown error")"#;
        let open = |choice| match choice {
            DeviceChoice::Cuda => Err(refusal(broken)),
            DeviceChoice::Metal => Err(refusal(none)),
            DeviceChoice::Auto => Err(Refusal::absent("it was not built".to_owned())),
            DeviceChoice::Cpu => Ok(Device::Cpu),
        };
        let mut notices = Vec::new();
        let mut notice = |text: &str| notices.push(text.to_owned());
        let silent = [DeviceChoice::Metal, DeviceChoice::Auto];
        assert!(
            first_working(silent, open, &mut notice).is_none(),
            "there is none"
        );
        let all = [DeviceChoice::Cuda, DeviceChoice::Metal, DeviceChoice::Cpu];
        assert!(first_working(all, open, &mut notice).is_some(), "the CPU opens");
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(
            notices[0].starts_with("CUDA cannot be used: ") && notices[0].contains("unknown error"),
            "{notices:?}"
        );
    }

    #[test]
    fn a_device_that_this_program_lacks_falls_back_to_the_cpu_with_one_notice() {
        for choice in [DeviceChoice::Cuda, DeviceChoice::Metal] {
            if choice.is_built_in() {
                continue;
            }
            let mut notices = Vec::new();
            let device = open(choice, &mut |text| notices.push(text.to_owned()));
            assert!(device.is_cpu(), "{choice:?} fell back");
            assert_eq!(notices.len(), 1, "{notices:?}");
            assert!(notices[0].contains(choice.label()), "{notices:?}");
        }
    }

    #[test]
    fn the_cpu_is_chosen_silently_and_always_listed() {
        let mut notices = 0;
        assert!(
            open(DeviceChoice::Cpu, &mut |_| notices += 1).is_cpu(),
            "the CPU was asked for"
        );
        assert_eq!(notices, 0, "nothing to tell");
        let cpu = &list()[0];
        assert_eq!(cpu.choice, DeviceChoice::Cpu);
        assert!(
            cpu.state.as_ref().is_ok_and(|name| name.starts_with("CPU")),
            "{cpu:?}"
        );
    }
}
