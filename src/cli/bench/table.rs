//! Measurements as a person reads them, and the rates that follow from them.

use serde_json::{Value, json};

/// Adds rates and fractions of the machine's ceilings to the layers of a network.
///
/// What bounds a layer is whichever ceiling it would take longer to reach: arithmetic, or moving weights and maps once.
pub(super) fn add_rates(network: &mut Value, machine: &Value) {
    let gemm = machine["gemm_gflops"].as_f64().unwrap_or(f64::NAN);
    let copy = machine["copy_gb_s"].as_f64().unwrap_or(f64::NAN);
    for layer in network["layers"].as_array_mut().into_iter().flatten() {
        let value = |key: &str| layer[key].as_f64().unwrap_or(f64::NAN);
        let seconds = value("ms") / 1e3;
        let gflops = 2.0 * value("multiply_adds") / seconds / 1e9;
        let gb_s = value("bytes") / seconds / 1e9;
        let is_memory_bound = gb_s / copy > gflops / gemm;
        layer["gflops"] = json!(gflops);
        layer["gemm_fraction"] = json!(gflops / gemm);
        layer["copy_fraction"] = json!(gb_s / copy);
        layer["bound"] = json!(if is_memory_bound { "memory" } else { "arithmetic" });
    }
}

/// The whole report.
pub(super) fn text(json: &Value) -> String {
    let machine = &json["machine"];
    let mut lines = vec![format!(
        "machine: {} threads, {:.0} GFLOP/s (matrix product), {:.1} GB/s (copy, read and written)",
        machine["threads"],
        number(&machine["gemm_gflops"]),
        number(&machine["copy_gb_s"]),
    )];
    for network in json["network"].as_array().into_iter().flatten() {
        lines.push(String::new());
        lines.push(network_line(network));
        lines.extend(network["layers"].as_array().into_iter().flatten().map(layer_line));
    }
    let photos = json["pipeline"].as_array().map_or(&[][..], Vec::as_slice);
    if !photos.is_empty() {
        lines.push(String::new());
    }
    lines.extend(photos.iter().map(pipeline_line));
    let steps = json["training"].as_array().map_or(&[][..], Vec::as_slice);
    if !steps.is_empty() {
        lines.push(String::new());
    }
    lines.extend(steps.iter().map(training_line));
    lines.join("\n")
}

fn network_line(network: &Value) -> String {
    let everything = match &network["everything_median_ms"] {
        Value::Null => String::new(),
        time => format!("; everything {:.1} ms", number(time)),
    };
    format!(
        "network {} wide, {} levels, {}×{}, {:.0} % hole, {} ({} weights): median {:.1} ms, best {:.1} ms of {}{everything}{}",
        network["base_width"],
        network["levels"],
        network["size"],
        network["size"],
        100.0 * number(&network["hole_fraction"]),
        network["device"].as_str().unwrap_or_default(),
        network["weights"].as_str().unwrap_or_default(),
        number(&network["median_ms"]),
        number(&network["min_ms"]),
        network["runs"],
        peak(network),
    )
}

fn layer_line(layer: &Value) -> String {
    let (part, of) = match layer["bound"].as_str() {
        Some("memory") => ("copy_fraction", "copy"),
        _ => ("gemm_fraction", "matrix product"),
    };
    format!(
        "  {:10} {:8.2} ms  {:6.1} GFLOP/s  {:3.0} % of {of}",
        layer["name"].as_str().unwrap_or_default(),
        number(&layer["ms"]),
        number(&layer["gflops"]),
        100.0 * number(&layer[part]),
    )
}

fn training_line(step: &Value) -> String {
    format!(
        "training step {} wide, {} levels, {} × {}×{}, {}, {}: median {:.0} ms, best {:.0} ms of {}; {:.1} images/s{}",
        step["base_width"],
        step["levels"],
        step["batch"],
        step["size"],
        step["size"],
        step["features"].as_str().unwrap_or_default(),
        step["device"].as_str().unwrap_or_default(),
        number(&step["median_ms"]),
        number(&step["min_ms"]),
        step["runs"],
        number(&step["images_per_s"]),
        peak(step),
    )
}

fn pipeline_line(photo: &Value) -> String {
    format!(
        "photo {:.1} MP, hole {} px, {}: {:.2} s from file to file; at most {:.0} ms between two reports{}",
        number(&photo["megapixels"]),
        photo["hole_side_px"],
        photo["device"].as_str().unwrap_or_default(),
        number(&photo["total_s"]),
        1e3 * number(&photo["longest_wait_s"]),
        peak(photo),
    )
}

fn peak(entry: &Value) -> String {
    match &entry["peak_mib"] {
        Value::Null => String::new(),
        mib => format!("; {:.0} MiB", number(mib)),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{add_rates, text};

    #[test]
    fn a_layer_is_held_against_the_ceiling_that_bounds_it() {
        let machine = json!({ "threads": 2, "gemm_gflops": 100.0, "copy_gb_s": 10.0 });
        let layer = |multiply_adds: u64, bytes: u64| json!({ "name": "a", "ms": 10.0, "multiply_adds": multiply_adds, "bytes": bytes });
        let mut network = json!({ "layers": [layer(400_000_000, 1_000_000), layer(1_000_000, 50_000_000)] });
        add_rates(&mut network, &machine);
        let (dense, thin) = (&network["layers"][0], &network["layers"][1]);
        assert_eq!(
            (&dense["bound"], dense["gemm_fraction"].as_f64()),
            (&json!("arithmetic"), Some(0.8))
        );
        assert_eq!(
            (&thin["bound"], thin["copy_fraction"].as_f64()),
            (&json!("memory"), Some(0.5))
        );
        let report = json!({ "machine": machine, "network": [network], "pipeline": [] });
        assert!(
            text(&report).contains("80 % of matrix product"),
            "{}",
            text(&report)
        );
        assert!(text(&report).contains("50 % of copy"), "{}", text(&report));
    }
}
