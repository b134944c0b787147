/* SPDX-License-Identifier: MIT
 * hv-stub/vpit.c: the 8254 interval timer that a guest sees: channel 0 interrupts, channel 2 can
 * be watched through port 61h.
 *
 * Gives: modes 0, 2 and 3, with counts written as low byte, then high byte. Time is the TSC.
 * Source: Intel 8254 data sheet.
 */
#include "hv-stub/hv.h"
#include "hv-stub/hw.h"

/* A count of 0 is the longest. */
static u64 ticks_of(const struct vpit_channel *channel) {
    return host_ticks(channel->count ? channel->count : 0x10000);
}

static void start(struct vcpu *vcpu, u32 number) {
    struct vpit_channel *channel = &vcpu->pit.channel[number];

    channel->start = rdtsc();
    if (number != 0) return;
    vcpu->alarm[ALARM_PIT].deadline = channel->start + ticks_of(channel);
    vcpu->alarm[ALARM_PIT].period = channel->mode == 0 ? 0 : ticks_of(channel);
    timer_arm(vcpu);
}

/* Read-back and latch do nothing: the counts cannot be read. */
static void command(struct vcpu *vcpu, u32 value) {
    if (value >> 6 == 3 || !(value & 0x30)) return;
    vcpu->pit.channel[value >> 6] = (struct vpit_channel){.mode = value >> 1 & 3};
    if (value >> 6 == 0) vcpu->alarm[ALARM_PIT] = (struct alarm){0}; /* it waits for a count */
}

static void write_count(struct vcpu *vcpu, u32 number, u32 value) {
    struct vpit_channel *channel = &vcpu->pit.channel[number];

    channel->count = channel->count >> 8 | value << 8; /* each byte moves the one before down */
    channel->have_low = !channel->have_low;
    if (!channel->have_low) start(vcpu, number);
}

void vpit_write(struct vcpu *vcpu, u32 port, u32 value) {
    if (port == PORT_B)
        vcpu->pit.port_b = value & 3;
    else if (port == PIT_COMMAND)
        command(vcpu, value);
    else
        write_count(vcpu, port - PIT_CHANNEL_0, value);
}

u32 vpit_read(struct vcpu *vcpu, u32 port) {
    const struct vpit_channel *channel = &vcpu->pit.channel[2];

    if (port != PORT_B) return 0xFF;
    return vcpu->pit.port_b | (rdtsc() - channel->start >= ticks_of(channel) ? PORT_B_OUTPUT : 0);
}
