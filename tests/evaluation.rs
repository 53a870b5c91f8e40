//! What the evaluation measures and compares with, against OpenCV and scikit-image (`golden/make_eval_golden.py`).

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/golden.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod golden;

use golden::{Golden, values};
use lacuna::{
    inpaint::classic::{self, Method},
    nn::metrics,
    progress::Silent,
};

#[test]
fn metrics_agree_with_scikit_image() {
    let golden = Golden::open("metrics.safetensors");
    let (first, second) = (golden.tensor("first"), golden.tensor("second"));
    let width = first.dims()[1];
    let (first, second) = (values(&first), values(&second));
    let expected = |name: &str| f64::from(values(&golden.tensor(name))[0]);
    // Means and variances are summed in 32 bits here and in 64 there.
    let ssim = metrics::ssim(&first, &second, width).unwrap();
    assert!((ssim - expected("ssim")).abs() < 2e-6, "{ssim}");
    let psnr = metrics::psnr(&first, &second);
    assert!((psnr - expected("psnr")).abs() < 1e-4, "{psnr}");
    let l1 = metrics::l1_percent(&first, &second);
    assert!((l1 - expected("l1_percent")).abs() < 1e-5, "{l1}");
}

#[test]
fn classical_fills_are_those_of_opencv() {
    let golden = Golden::open("classic.safetensors");
    let bytes = |name: &str| -> Vec<u8> {
        let tensor = golden.tensor(name).flatten_all().unwrap();
        tensor.to_vec1().unwrap()
    };
    for case in ["inner", "border"] {
        let width = golden.tensor(&format!("{case}.mask")).dims()[1];
        let holed = bytes(&format!("{case}.holed"));
        let hole: Vec<bool> = bytes(&format!("{case}.mask"))
            .iter()
            .map(|&mask| mask > 0)
            .collect();
        for (name, method) in [("telea", Method::Telea), ("ns", Method::NavierStokes)] {
            let filled = classic::fill(&holed, &hole, width, method, &Silent).unwrap();
            let expected = bytes(&format!("{case}.{name}"));
            let differ = filled.iter().zip(&expected).filter(|(a, b)| a != b).count();
            // The same sums in the same order and precision: no tolerance is needed.
            assert_eq!(differ, 0, "{case}.{name}: values differ from OpenCV's");
        }
    }
}
