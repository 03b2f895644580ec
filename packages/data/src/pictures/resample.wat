;; The two passes of Pillow's 8-bit resize (src/libImaging/Resample.c), four sums at a time. Levels are bytes, weights 32-bit fixed point
;; with 22 fractional bits, so every sum is exact; it starts at a half, is shifted down and cut to 0..255.
;;
;; Taps: for every output position a record of `tapBytes` bytes, all i32:
;;   where its first source level lies (bytes from the start of the line, or of the picture), how many weights follow, the weights.
;; Both passes may write up to 16 bytes behind a line's end; what they wrote there is overwritten by the next line.
(module
  (memory (export "memory") 1)

  ;; Across: every line of three-byte pixels becomes a line of `positions` pixels.
  (func (export "across")
    (param $source i32) (param $sourceLine i32) (param $target i32) (param $targetLine i32)
    (param $lines i32) (param $taps i32) (param $tapBytes i32) (param $positions i32)
    (local $position i32) (local $tap i32) (local $to i32) (local $from i32) (local $weight i32) (local $end i32)
    (local $sum v128)
    (loop $line
      (local.set $tap (local.get $taps))
      (local.set $to (local.get $target))
      (local.set $position (local.get $positions))
      (loop $pixel
        (local.set $from (i32.add (local.get $source) (i32.load (local.get $tap))))
        (local.set $weight (i32.add (local.get $tap) (i32.const 8)))
        (local.set $end (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $tap)) (i32.const 2))))
        (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (loop $add ;; red, green, blue, and a fourth lane that nobody reads
          (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
            (v128.load32_splat (local.get $weight))
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $from)))))))
          (local.set $from (i32.add (local.get $from) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $add (i32.lt_u (local.get $weight) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (local.set $sum (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $to) (local.get $sum))
        (local.set $to (i32.add (local.get $to) (i32.const 3)))
        (local.set $tap (i32.add (local.get $tap) (local.get $tapBytes)))
        (br_if $pixel (local.tee $position (i32.sub (local.get $position) (i32.const 1)))))
      (local.set $source (i32.add (local.get $source) (local.get $sourceLine)))
      (local.set $target (i32.add (local.get $target) (local.get $targetLine)))
      (br_if $line (local.tee $lines (i32.sub (local.get $lines) (i32.const 1))))))

  ;; Down: every output line is a weighted sum of whole source lines, sixteen levels at a time.
  (func (export "down")
    (param $source i32) (param $lineBytes i32) (param $target i32)
    (param $taps i32) (param $tapBytes i32) (param $lines i32)
    (local $x i32) (local $from i32) (local $weight i32) (local $end i32)
    (local $w v128) (local $levels v128) (local $half v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $line
      (local.set $end (i32.add (local.get $taps) (i32.shl (i32.add (i32.load offset=4 (local.get $taps)) (i32.const 2)) (i32.const 2))))
      (local.set $x (i32.const 0))
      (loop $sixteen
        (local.set $from (i32.add (i32.add (local.get $source) (local.get $x)) (i32.load (local.get $taps))))
        (local.set $weight (i32.add (local.get $taps) (i32.const 8)))
        (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (loop $add
          (local.set $w (v128.load32_splat (local.get $weight)))
          (local.set $levels (v128.load (local.get $from)))
          (local.set $half (i16x8.extend_low_i8x16_u (local.get $levels)))
          (local.set $a (i32x4.add (local.get $a) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $half (i16x8.extend_high_i8x16_u (local.get $levels)))
          (local.set $c (i32x4.add (local.get $c) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $d (i32x4.add (local.get $d) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $from (i32.add (local.get $from) (local.get $lineBytes)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $add (i32.lt_u (local.get $weight) (local.get $end))))
        (v128.store (i32.add (local.get $target) (local.get $x))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $sixteen (i32.lt_u (local.get $x) (local.get $lineBytes))))
      (local.set $target (i32.add (local.get $target) (local.get $lineBytes)))
      (local.set $taps (i32.add (local.get $taps) (local.get $tapBytes)))
      (br_if $line (local.tee $lines (i32.sub (local.get $lines) (i32.const 1)))))))
