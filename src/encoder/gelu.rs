//! GELU: x·Φ(x) (Hendrycks & Gimpel 2016), with a vectorised erf on the CPU.
//!
//! The CPU backend calls the scalar erf of libm for every number, a quarter of a text's time. A ratio of two polynomials
//! compiles to vector instructions and differs from it by the rounding of single precision.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::prelude::*;
use burn::tensor::activation;

/// Beyond this erf is 1 in single precision.
const SATURATED: f32 = 3.92;
/// erf(z) ≈ z·P(z²) ÷ Q(z²) for |z| ≤ [`SATURATED`], lowest power first: fitted for the least maximum error, 1.6e-8.
const P: [f32; 6] = [FRAC_2_SQRT_PI, 0.192_756_49, 0.053_059_295, 0.003_867_941_4, 0.000_287_460_5, 2.034_666_7e-6];
const Q: [f32; 6] = [1.0, 0.504_157_66, 0.115_081_32, 0.015_171_546, 0.001_188_001_7, 3.806_893e-5];

/// Element by element, for any shape.
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if cfg!(feature = "gpu") {
        return activation::gelu(input);
    }
    let device = input.device();
    let mut data = input.into_data();
    let values = data.as_mut_slice::<f32>().expect("a CPU build computes in single precision");
    values.iter_mut().for_each(|value| *value = of(*value));
    Tensor::from_data(data, &device)
}

#[inline]
fn of(x: f32) -> f32 {
    let z = (x * FRAC_1_SQRT_2).clamp(-SATURATED, SATURATED);
    let square = z * z;
    let polynomial = |coefficients: [f32; 6]| coefficients.iter().rev().fold(0.0, |sum, c| sum * square + c);
    0.5 * x * (1.0 + z * polynomial(P) / polynomial(Q))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_backends_gelu_on_both_tails_and_between() {
        let device = Device::default();
        let grid: Vec<f32> = (-12_000..=12_000).map(|i| i as f32 * 1e-3).collect();
        let input = Tensor::<1>::from_floats(grid.as_slice(), &device);
        let difference = (gelu(input.clone()) - activation::gelu(input)).abs().max().into_scalar::<f32>();
        assert!(difference < 2e-6, "off by {difference:e}");
    }

    #[test]
    fn keeps_the_shape_and_passes_what_is_not_a_number_on() {
        let input = Tensor::<2>::from_floats([[0.0, f32::NAN, 1.0], [-1.0, 30.0, -30.0]], &Device::default());
        let output = gelu(input).into_data();
        assert_eq!(output.shape().as_slice(), [2, 3]);
        let values: Vec<f32> = output.iter().collect();
        assert!(values[0] == 0.0 && values[1].is_nan() && values[4] == 30.0 && values[5].abs() < 1e-5, "{values:?}");
    }
}
