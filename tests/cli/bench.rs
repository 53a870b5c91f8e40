//! `lacuna bench`.

use serde_json::Value;

use crate::support::{Folder, UNTOUCHED, assert_fails, assert_succeeds};

#[test]
fn bench_measures_network_pipeline_and_training_in_the_documented_form() {
    let folder = Folder::new();
    let line = [
        "bench",
        "--quick",
        "--sizes",
        "64",
        "--megapixels",
        "0.1,0.05,0.2",
        "--weights",
        "tiny.safetensors",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--json",
    ];
    let output = folder.run(&line);
    assert_succeeds(&output);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_positive = |value: &Value| value.as_f64().is_some_and(|value| value > 0.0);
    assert_eq!(json["machine"]["threads"], 1);
    for ceiling in ["gemm_gflops", "copy_gb_s"] {
        assert!(
            is_positive(&json["machine"][ceiling]),
            "{ceiling}: {}",
            json["machine"]
        );
    }
    let network = &json["network"][0];
    assert_eq!(
        (&network["base_width"], &network["levels"]),
        (&2.into(), &7.into())
    );
    assert_eq!((&network["size"], &network["runs"]), (&64.into(), &3.into()));
    assert_eq!(network["hole_fraction"], 0.2);
    assert!(
        network["device"].as_str().unwrap().starts_with("CPU"),
        "{network}"
    );
    assert!(
        is_positive(&network["median_ms"]) && is_positive(&network["min_ms"]),
        "{network}"
    );
    let layers = network["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 14);
    for rate in ["ms", "gflops", "gemm_fraction", "copy_fraction"] {
        assert!(
            layers.iter().all(|layer| is_positive(&layer[rate])),
            "{rate}: {layers:?}"
        );
    }
    assert_eq!(
        json["pipeline"].as_array().unwrap().len(),
        1,
        "the smallest photo alone"
    );
    let photo = &json["pipeline"][0];
    assert_eq!(photo["hole_side_px"], 91, "half of the shorter side at most");
    assert!(
        ["total_s", "megapixels", "longest_wait_s"]
            .iter()
            .all(|key| is_positive(&photo[key])),
        "{photo}"
    );
    assert!(
        cfg!(not(target_os = "linux")) || is_positive(&photo["peak_mib"]),
        "{photo}"
    );
    let step = &json["training"][0];
    assert!(
        is_positive(&step["median_ms"]) && is_positive(&step["images_per_s"]),
        "{step}"
    );
    assert_eq!(folder.files(), UNTOUCHED);
    assert_fails(&folder.run(&["bench", "--hole-fraction", "1.5"]), 2, &["1.5"]);
    assert_fails(
        &folder.run(&["bench", "--weights", "mask.png", "--only", "network", "--quick"]),
        1,
        &["mask.png"],
    );
}
