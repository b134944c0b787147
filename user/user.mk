# SPDX-License-Identifier: MIT
# user/user.mk: builds the programs and packs them into the initrd.
#
# A program NAME is user/NAME.c or all of user/NAME/; to add one, add its name to PROGRAMS.
# build/user/bin/NAME goes into the initrd; build/user/NAME.debug is the same with DWARF, for GDB.

PROGRAMS := sh ls cat echo wc ps kill uptime memstat crash pv bench usertests

# Each is user/damaged.asm with one thing wrong, which exec must refuse; `none` is the control.
DAMAGES := none empty header magic class machine table trunc size high stack wrap entry

# The library is an archive, so that a program holds only what it calls.
AR          := $(CROSS)ar
USER_LIB    := $(B)/user/libuser.a
USER_SRC    := $(wildcard user/lib/*.c user/lib/*.asm)
USER_BIN    := $(PROGRAMS:%=$(B)/user/bin/%)
DAMAGED_BIN := $(DAMAGES:%=$(B)/user/bin/bad-%)

.SECONDARY: $(PROGRAMS:%=$(B)/user/%.debug)

$(USER_LIB): $(USER_SRC:%=$(B)/%.o) $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

# What programs do costs little, and what tests do nothing; what building them costs is felt each
# time.
$(B)/user/%.c.o: CFLAGS += -O1 -fno-var-tracking
$(B)/user/usertests/%.c.o: CFLAGS += -O0

define PROGRAM_OBJECTS
$(B)/user/$(1).debug: $(patsubst %,$(B)/%.o,$(wildcard user/$(1).c user/$(1)/*.c user/$(1)/*.asm))
endef
$(foreach program,$(PROGRAMS),$(eval $(call PROGRAM_OBJECTS,$(program))))

$(B)/user/%.debug: $(USER_LIB) user/user.ld
	$(Q)$(LD) $(LDFLAGS) -T user/user.ld -o $@ $(filter %.o,$^) $(USER_LIB)

$(B)/user/bin/bad-%: user/damaged.asm
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin -D DAMAGE_$* -o $@ $<

$(B)/user/bin/README: user/README.initrd
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(USER_BIN): $(B)/user/bin/%: $(B)/user/%.debug
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --strip-all $< $@

# The same bytes from the same files, whoever builds it and when.
$(B)/initrd.tar: $(USER_BIN) $(DAMAGED_BIN) $(B)/user/bin/README
	$(Q)tar --format=ustar --mtime=@0 --mode=u=rwX,go=rX --owner=0 --group=0 --numeric-owner \
	    -C $(B)/user/bin -cf $@ $(sort $(notdir $^))
